"""What a host pays us: plans, the subscription at the provider, invoices, and what an unpaid bill restricts."""
