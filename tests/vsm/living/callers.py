"""A unit that spends a tenth of a dollar on each task, of use or not as the task says."""

import asyncio

from cybernetic.vsm import BudgetExhausted, Cost, Operation, Outcome, Task


class Caller(Operation):
    """Spends, of use or not."""

    async def handle(self, task: Task) -> Outcome:
        """As the task says."""
        try:
            used = await self.use("tool", asyncio.sleep, 0.01, task.id, upper=Cost(usd=0.1))
        except BudgetExhausted:
            return Outcome("refused", good=False)
        return Outcome("done", evidence=[used.receipt], good=task.body)
