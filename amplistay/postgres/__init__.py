"""Django's PostgreSQL back end that tells the database for whom a transaction is made."""
