// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/net_option.h"

#include <catch2/catch.hpp>

#include "command_line.h"

namespace skiff::cli {
namespace {

using machine::NetworkConfig;

NetworkConfig net_of(std::string_view text) {
    const auto net = parse_net(text);
    if (!net.ok()) {
        FAIL(net.error().message());
    }
    REQUIRE(net->has_value());
    return **net;
}

TEST_CASE("A TAP alone is one queue pair without limits") {
    const NetworkConfig net = net_of("tap=tap0");
    CHECK(net.tap == "tap0");
    CHECK_FALSE(net.fd.has_value());
    CHECK_FALSE(net.mac.has_value());
    CHECK_FALSE(net.mtu.has_value());
    CHECK(net.queue_pairs == 1);
    CHECK(net.limits_in == RateLimits{});
    CHECK(net.limits_out == RateLimits{});
}

TEST_CASE("Every setting of a network device is read") {
    const NetworkConfig net =
        net_of("tap=vm-tap.1,mac=02:aB:00:0c:ff:01,mtu=9000,queues=16,bw-in=10M/s,bw-out=1K");
    CHECK(net.tap == "vm-tap.1");
    CHECK(net.mac == virtio::net::MacAddress{0x02, 0xab, 0x00, 0x0c, 0xff, 0x01});
    CHECK(net.mtu == 9000);
    CHECK(net.queue_pairs == 16);
    CHECK(net.limits_in.bytes == TokenBucket::Rate::per_second(10 * kMiB));
    CHECK(net.limits_out.bytes == TokenBucket::Rate::per_second(kKiB));
    CHECK(net_of("fd=7,mac=02:00:00:00:00:01").fd == 7);
}

TEST_CASE("A user network has forwards, name servers and an interface of the host") {
    const NetworkConfig net = net_of(
        "user,hostfwd=tcp:8080:80,hostfwd=udp:127.0.0.1:53:5353,hostfwd=tcp:[::1]:1:65535,"
        "hostfwd=tcp::22:22,dns=192.0.2.1,dns=2001:db8::1,interface=eth1,mtu=65520,"
        "mac=02:00:00:00:00:01,bw-in=1M,bw-out=2M");
    REQUIRE(net.user.has_value());
    using virtio::net::PortForward;
    const auto& forwards = net.user->forwards;
    REQUIRE(forwards.size() == 4);
    CHECK(forwards[0].protocol == PortForward::Protocol::kTcp);
    CHECK(forwards[0].host_address.empty());
    CHECK(forwards[0].host_port == 8080);
    CHECK(forwards[0].guest_port == 80);
    CHECK(forwards[1].protocol == PortForward::Protocol::kUdp);
    CHECK(forwards[1].host_address == "127.0.0.1");
    CHECK(forwards[1].host_port == 53);
    CHECK(forwards[1].guest_port == 5353);
    CHECK(forwards[2].host_address == "::1");
    CHECK(forwards[2].host_port == 1);
    CHECK(forwards[2].guest_port == 65535);
    CHECK(forwards[3].host_address.empty());
    CHECK(net.user->name_servers == std::vector<std::string>{"192.0.2.1", "2001:db8::1"});
    CHECK(net.user->interface == "eth1");
    CHECK(net.user->command == std::vector<std::string>{"passt"});
    CHECK(net.mtu == 65520);
    CHECK(net.limits_out.bytes == TokenBucket::Rate::per_second(2 * kMiB));
}

TEST_CASE("What is wrong with a network device is said with what to write") {
    struct Row {
        const char* text;
        const char* says;
    };
    const auto row = GENERATE(values<Row>({
        {"", "no setting of a network device"},
        {"tap0", "no setting of a network device"},
        {"mac=02:00:00:00:00:01", "say once where frames go"},
        {"tap=tap0,fd=3", "say once where frames go"},
        {"none,mtu=1500", "no setting of a network device"},
        {"tap=", "an interface's name has 1 to 15 characters"},
        {"tap=abcdefghijklmnop", "an interface's name has 1 to 15 characters"},
        {"tap=a/b", "none of them '/'"},
        {"tap=tap%d", "none of them '/'"},
        {"tap=tap0,user", "say once where frames go"},
        {"queues=2,user", "one queue pair"},
        {"user,queues=2", "no setting of a user network"},
        {"user,tap=tap0", "no setting of a user network"},
        {"user=1", "write user"},
        {"tap=tap0,hostfwd=tcp:1:2", "no setting of a network device"},
        {"user,hostfwd=", "it begins with the protocol"},
        {"user,hostfwd=8080:80", "it begins with the protocol"},
        {"user,hostfwd=icmp:1:2", "it begins with the protocol"},
        {"user,hostfwd=tcp:80", "there are two ports"},
        {"user,hostfwd=tcp:0:80", "a port is 1 to 65535"},
        {"user,hostfwd=tcp:80:65536", "a port is 1 to 65535"},
        {"user,hostfwd=tcp:80:", "a port is 1 to 65535"},
        {"user,hostfwd=tcp:80:8o", "a port is 1 to 65535"},
        {"user,hostfwd=tcp:localhost:80:80", "'localhost' is no address"},
        {"user,hostfwd=tcp:1.2.3:80:80", "'1.2.3' is no address"},
        {"user,hostfwd=tcp:[::1:80:80", "there are two ports"},
        {"user,hostfwd=tcp:1.2.3.4:80:80:80", "a port is 1 to 65535"},
        {"user,dns=example", "a name server is an address"},
        {"user,interface=a/b", "none of them '/'"},
        {"fd=2", "3 or more"},
        {"fd=99999999999", "3 or more"},
        {"fd=x", "3 or more"},
        {"fd=3,queues=2", "leave queues= out"},
        {"tap=t,mac=02:00:00:00:00", "write for example mac="},
        {"tap=t,mac=02-00-00-00-00-01", "write for example mac="},
        {"tap=t,mac=0x:00:00:00:00:01", "write for example mac="},
        {"tap=t,mac=02:00:00:00:00:0", "write for example mac="},
        {"tap=t,mac=03:00:00:00:00:01", "let the first byte be even"},
        {"tap=t,mac=00:00:00:00:00:00", "let the first byte be even"},
        {"tap=t,mtu=1279", "an MTU is 1280 to 65535"},
        {"tap=t,mtu=65536", "an MTU is 1280 to 65535"},
        {"tap=t,queues=0", "1 to 16 queue pairs"},
        {"tap=t,queues=17", "1 to 16 queue pairs"},
        {"tap=t,queue=2", "did you mean 'queues'?"},
        {"tap=t,bw-in=0", "bw-in"},
    }));
    const auto net = parse_net(row.text);
    REQUIRE_FALSE(net.ok());
    CHECK_THAT(net.error().message(), Catch::Contains(row.says));
}

TEST_CASE("Network devices are given as often as wanted, or as none") {
    const auto two = parse_run({"vmlinux", "-n", "tap=a", "--net", "fd=4"});
    REQUIRE(two.ok());
    REQUIRE(two->config.nets.size() == 2);
    CHECK(two->config.nets[0].tap == "a");
    CHECK(two->config.nets[1].fd == 4);
    const auto none = parse_run({"vmlinux", "-n", "none"});
    REQUIRE(none.ok());
    CHECK(none->config.nets.empty());
    const auto both = parse_run({"vmlinux", "-n", "none", "-n", "tap=a"});
    REQUIRE_FALSE(both.ok());
    CHECK_THAT(both.error().message(), Catch::Contains("exclude each other"));
}

}  // namespace
}  // namespace skiff::cli
