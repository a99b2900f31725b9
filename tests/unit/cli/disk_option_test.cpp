// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/disk_option.h"

#include <catch2/catch.hpp>

#include "command_line.h"

namespace skiff::cli {
namespace {

using machine::DiskConfig;

DiskConfig disk_of(std::string_view text) {
    const Result<DiskConfig> disk = parse_disk(text);
    if (!disk.ok()) {
        FAIL(disk.error().message());
    }
    return *disk;
}

TEST_CASE("A path alone makes a writable disk with a page cache and one queue") {
    const DiskConfig disk = disk_of("root.ext4");
    CHECK(disk.path == "root.ext4");
    CHECK_FALSE(disk.read_only);
    CHECK_FALSE(disk.direct);
    CHECK(disk.serial.empty());
    CHECK(disk.queues == 1);
    CHECK(disk.engine == DiskConfig::Engine::kAuto);
    CHECK(disk.cache == DiskConfig::Cache::kWriteback);
    CHECK(disk.discard);
    CHECK(disk.limits == RateLimits{});
}

TEST_CASE("Every setting of a disk is read") {
    const DiskConfig disk = disk_of(
        "/dev/sdb,ro,direct,id=my disk=1,queues=16,engine=sync,cache=writethrough,discard=off,"
        "bw=100M/s,iops=5000");
    CHECK(disk.path == "/dev/sdb");
    CHECK(disk.read_only);
    CHECK(disk.direct);
    CHECK(disk.serial == "my disk=1");
    CHECK(disk.queues == 16);
    CHECK(disk.engine == DiskConfig::Engine::kSync);
    CHECK(disk.cache == DiskConfig::Cache::kWritethrough);
    CHECK_FALSE(disk.discard);
    CHECK(disk.limits.bytes == TokenBucket::Rate::per_second(100 * kMiB));
    CHECK(disk.limits.operations == TokenBucket::Rate::per_second(5000));
    CHECK(disk_of("x,engine=uring,cache=writeback,discard=on,bw=7").engine ==
          DiskConfig::Engine::kUring);
    CHECK(disk_of("x,bw=7").limits.bytes == TokenBucket::Rate::per_second(7));
}

TEST_CASE("Two commas stand for one in a disk's path and values") {
    CHECK(disk_of("a,,b.img,ro").path == "a,b.img");
    CHECK(disk_of("a,,,ro").path == "a,");
    CHECK(disk_of("a,,,ro").read_only);
    CHECK(disk_of("a,,ro").path == "a,ro");
    CHECK(disk_of("x,id=a,,b").serial == "a,b");
}

TEST_CASE("Disks keep the order of the command line") {
    const auto config =
        config_of({"vmlinux", "-d", "root.ext4", "--disk=data.img,direct", "-diso.img,ro"});
    REQUIRE(config.disks.size() == 3);
    CHECK(config.disks[0].path == "root.ext4");
    CHECK(config.disks[1].direct);
    CHECK(config.disks[2].read_only);
}

struct Case {
    const char* text;
    /// Everything that the message must say.
    std::vector<const char*> says;
};

TEST_CASE("A wrong disk is told what, where and what to do") {
    const auto row = GENERATE(values<Case>({
        {"", {"the path is empty"}},
        {",ro", {"the path is empty"}},
        {"x,", {"'' is no setting", "choose from ro, direct, id=SERIAL"}},
        {"x,readonly", {"'readonly' is no setting", "two commas"}},
        {"x,dirct", {"'dirct' is no setting", "did you mean 'direct'?"}},
        {"x,queue=2", {"'queue' is no setting", "did you mean 'queues'?"}},
        {"x,ro=1", {"'ro=1'", "write ro"}},
        {"x,queues", {"'queues'", "write queues=N"}},
        {"x,queues=0", {"'queues=0'", "1 to 16"}},
        {"x,queues=17", {"'queues=17'", "1 to 16"}},
        {"x,queues=2x", {"'queues=2x'", "1 to 16"}},
        {"x,queues=99999999999999999999", {"1 to 16"}},
        {"x,engine=aio", {"'engine=aio'", "engine=uring or engine=sync"}},
        {"x,cache=none", {"'cache=none'", "cache=writeback or cache=writethrough"}},
        {"x,discard=yes", {"'discard=yes'", "discard=on or discard=off"}},
        {"x,id=", {"'id='", "1 to 20"}},
        {"x,id=123456789012345678901", {"1 to 20"}},
        {"x,id=t\xc3\xa4st", {"printable ASCII"}},
        {"x,bw=fast", {"'bw=fast'", "bw=100M/s"}},
        {"x,bw=0", {"'bw=0'", "bw=100M/s"}},
        {"x,bw=10M/h", {"'bw=10M/h'", "bw=100M/s"}},
        {"x,iops=0", {"'iops=0'", "iops=5000"}},
        {"x,iops=-1", {"'iops=-1'", "iops=5000"}},
    }));
    INFO(row.text);
    const auto result = parse_run({"vmlinux", "--disk", row.text});
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind() == ErrorKind::kUser);
    CHECK_THAT(result.error().message(), Catch::StartsWith("--disk: "));
    for (const char* part : row.says) {
        CHECK_THAT(result.error().message(), Catch::Contains(part));
    }
}

TEST_CASE("More disks than there are interrupts is an error that says how many") {
    std::vector<const char*> arguments = {"vmlinux"};
    for (int i = 0; i < 16; ++i) {
        arguments.insert(arguments.end(), {"-d", "x.img"});
    }
    CHECK(parse_run(arguments).ok());
    arguments.insert(arguments.end(), {"-d", "x.img"});
    const auto result = parse_run(arguments);
    REQUIRE_FALSE(result.ok());
    CHECK_THAT(result.error().message(), Catch::Contains("18 virtio devices"));
    CHECK_THAT(result.error().message(), Catch::Contains("17 disks and the entropy device"));
    CHECK_THAT(result.error().message(), Catch::Contains("leave 1 out"));
    arguments.push_back("--no-rng");
    CHECK(parse_run(arguments).ok());
}

}  // namespace
}  // namespace skiff::cli
