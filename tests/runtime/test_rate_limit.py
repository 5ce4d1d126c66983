"""One address can't take all the time there is, and many addresses can't take all the memory."""

from services.runtime.rate_limit import BURST_SECONDS, Buckets, _address


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_the_rate_holds() -> None:
    time = Time()
    buckets = Buckets(2, now=time)
    burst = int(2 * BURST_SECONDS)
    assert [0.0] * burst == [buckets.take("a") for _ in range(burst)]
    assert 0.5 == buckets.take("a")
    time.now = 0.5
    assert 0 == buckets.take("a")
    assert buckets.take("a") > 0
    assert 0 == buckets.take("b")
    time.now = 3600
    assert [0.0] * burst == [buckets.take("a") for _ in range(burst)]
    assert buckets.take("a") > 0


def test_the_table_holds_the_addresses_seen_last() -> None:
    buckets = Buckets(0.1, most=3, now=Time())
    for address in "abcd":
        assert 0 == buckets.take(address)
    assert 3 == len(buckets)
    assert buckets.take("d") > 0
    assert 0 == buckets.take("a")
    for number in range(10_000):
        buckets.take(str(number))
    assert 3 == len(buckets)


def test_an_ipv6_client_is_its_network() -> None:
    def of(host: str) -> str:
        return _address({"client": (host, 1)})

    assert of("2001:db8:1:2::1") == of("2001:db8:1:2:ffff::9")
    assert of("2001:db8:1:2::1") != of("2001:db8:1:3::1")
    assert "10.0.0.1" == of("10.0.0.1") == of("::ffff:10.0.0.1")
    assert "" == _address({"client": None})
    assert "somewhere" == of("somewhere")
