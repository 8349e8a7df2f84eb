"""How tests run: `async def` ones on a virtual-time loop, those of `tests/integration` on an ordinary one."""

import functools
import gc
import inspect
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support import SOAK, run_real, run_virtual

INTEGRATION = Path(__file__).parent / "integration"

hypothesis.settings.register_profile(
    "default",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # of the machine, that is
)
hypothesis.settings.register_profile("soak", max_examples=2000, deadline=None, print_blob=True)
hypothesis.settings.load_profile("soak" if SOAK else "default")


def pytest_collection_finish() -> None:
    """Set aside what was there before the first test, so that collecting garbage after each one is quick."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Set aside what a file of tests leaves too: modules, reports, caches."""
    if nextitem is not None and nextitem.path != item.path:
        gc.collect()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an asynchronous test; fixtures come by name; with `@given` each example has a loop of its own."""
    run = run_real if INTEGRATION in pyfuncitem.path.parents else run_virtual
    test = pyfuncitem.obj
    if hypothesis.is_hypothesis_test(test):
        inner = test.hypothesis.inner_test
        if inspect.iscoroutinefunction(inner):
            test.hypothesis.inner_test = _on_a_loop(inner, run)
        return None
    if not inspect.iscoroutinefunction(test):
        return None
    run(test(**{name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}))
    return True


def _on_a_loop(test: Any, run: Any) -> Any:
    @functools.wraps(test)
    def synchronous(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))

    return synchronous
