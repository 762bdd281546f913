"""Every kind of trouble, one row each: its name in metrics, log and dead letters, and what an operator is told of it.

A new reason or fault is one row in one of these tables, and the place that raises it. All here is data.
"""
