import pytest

from connectors.addresses import is_public


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "223.255.255.255",
     "192.0.1.1", "168.63.129.15", "2606:4700:4700::1111", "2001:200::1", "2a00::1", "3ffe::1"],
)  # fmt: skip
def test_an_address_of_the_public_internet_may_be_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.1", "10.1.2.3", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255", "168.63.129.16",
     "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1",
     "192.88.99.1", "192.168.255.255", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
     "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:1.1.1.1",
     "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "100::1",
     "2001::1", "2001:1ff::1",
     "2001:db8::1", "2002:7f00:1::", "2620:4f:8000::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254",
     "fe80::1", "fec0::1", "ff02::1"],
)  # fmt: skip
def test_any_other_address_may_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "0x7f.1", "1.1.1", "fe80::1%lo", "2606::1%lo",
                                  "[2606::1]", "1.1.1.1\0", " 1.1.1.1", "01.1.1.1"])  # fmt: skip
def test_what_is_no_plain_numeric_address_is_not_public(text: str) -> None:
    assert not is_public(text)
