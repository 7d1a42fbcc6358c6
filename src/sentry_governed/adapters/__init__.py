"""Thin edges to other systems: webhooks, queues, brokers. Each stands alone; import the module you need."""
