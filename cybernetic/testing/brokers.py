"""What every `Broker` must do, as tests to inherit: override `broker`, and let pytest collect the class."""

from cybernetic.testing.broker.consuming import Consuming
from cybernetic.testing.broker.declaring import Declaring
from cybernetic.testing.broker.dropping import Dropping
from cybernetic.testing.broker.dying import Dying
from cybernetic.testing.broker.publishing import Publishing
from cybernetic.testing.broker.routing import Routing


class BrokerContract(Publishing, Routing, Declaring, Consuming, Dying, Dropping):
    """The contract of the port `Broker`: subclass it as `TestMyBroker` and override `broker`.

    The broker may be shared and need not be empty: every test makes names of its own and deletes what it made.
    What is asked is what RabbitMQ 3.10 does.

    Attributes:
        seconds: how long anything may take before the test fails. Default 10.
    """
