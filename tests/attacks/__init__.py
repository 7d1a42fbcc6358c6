"""What somebody would try who wants more of Sentry than the policy allows."""
