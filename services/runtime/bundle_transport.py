"""Faust's Kafka transport with bundles on both sides."""

from faust.transport.drivers import aiokafka as driver

from services.runtime.bundle_consumer import BundleConsumer
from services.runtime.bundle_producer import BundleProducer


class BundleTransport(driver.Transport):  # type: ignore[misc]  # Faust has no types
    """Reads with :class:`BundleConsumer`, sends with :class:`BundleProducer`."""

    Consumer = BundleConsumer
    Producer = BundleProducer
