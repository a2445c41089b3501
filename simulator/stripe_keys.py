"""The fixed keys of the simulated Stripe: they open nothing else."""

DEMO_KEY = "sk_test_amplistay_simulator"
DEMO_WEBHOOK_SECRET = "whsec_amplistay_simulator"  # noqa: S105 - not secret: it signs simulated messages
DEMO_BILLING_SECRET = "whsec_amplistay_simulator_billing"  # noqa: S105 - as above
