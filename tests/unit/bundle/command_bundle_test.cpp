// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/command_bundle.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "guest-init/guest_init.h"
#include "guest-init/orders.h"
#include "tests/support/temporary_folder.h"
#include "vmm/bundle/orders.h"

namespace skiff::bundle {
namespace {

namespace fs = std::filesystem;

std::string archive_text(const CommandBundle& bundle) {
    const auto bytes = bundle.initramfs->read_up_to(0, bundle.initramfs->size_bytes()).value();
    return {bytes.begin(), bytes.end()};
}

bool has_entry(const std::string& archive, const std::string& path) {
    return archive.find(std::string("00000000") + path + '\0') != std::string::npos;
}

/// The orders, with '|' for each NUL.
std::string orders_of(const CommandRequest& request, const GuestCommand& command) {
    std::string text = write_orders(request, command).value();
    std::replace(text.begin(), text.end(), '\0', '|');
    return text;
}

TEST_CASE("Orders: words, folder and terminal reach the guest as they are") {
    CommandRequest request;
    request.words = {"tool", "", "a b", "-x\n"};
    request.interactive = true;
    request.rows = 25;
    request.columns = 80;
    request.console_log_level = 7;
    const std::string text = orders_of(
        request, {.program = "/bin/tool", .working_folder = "/w", .root_disk = "/dev/vdb"});
    CHECK(text.starts_with("p/bin/tool|atool|a|aa b|a-x\n|e"));
    CHECK(text.ends_with("|c/w|t25 80|d/dev/vdb|l7|"));
    request.words = {std::string("a\0b", 3)};
    CHECK_FALSE(write_orders(request, {"/x", "/", ""}).ok());
}

TEST_CASE("Orders: the environment has defaults, and what is named wins over them") {
    ::setenv("TERM", "dumb", 1);
    ::unsetenv("LD_LIBRARY_PATH");
    CommandRequest request;
    CHECK(guest_environment(request) ==
          std::vector<std::string>{
              "HOME=/root", "LANG=C.UTF-8",
              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=dumb"});
    request.environment = {{"HOME", "/home"}, {"X", "1"}, {"X", "2=3"}};
    const auto words = guest_environment(request);
    CHECK(words.size() == 5);
    CHECK(words.front() == "HOME=/home");
    CHECK(words.back() == "X=2=3");
}

TEST_CASE("Guest's init: it is an ELF program without a loader") {
    const auto program = guest_init_program();
    REQUIRE(program.size() > 1000);
    CHECK(program.size() < 64 * 1024);
    CHECK(std::string(program.begin(), program.begin() + 4) ==
          "\x7f"
          "ELF");
}

TEST_CASE("Bundle: a command of the host is packed with init, orders, loader and libraries") {
    CommandRequest request;
    request.words = {"/bin/ls", "-l"};
    const auto bundle = bundle_command(request, {});
    REQUIRE(bundle.ok());
    CHECK(bundle->root_disk == nullptr);
    const std::string archive = archive_text(*bundle);
    CHECK(has_entry(archive, SKIFF_INIT_PATH + 1));
    CHECK(has_entry(archive, SKIFF_ORDERS_PATH + 1));
    CHECK(has_entry(archive, "dev/console"));
    CHECK(has_entry(archive, fs::canonical("/bin/ls").string().substr(1)));
    CHECK(archive.find("ld-linux") != std::string::npos);
    CHECK(archive.find("libc.so") != std::string::npos);
}

TEST_CASE("Bundle: a script brings its interpreter, and additions come along") {
    const test::TemporaryFolder folder;
    const std::string root = fs::canonical(folder.path()).string();
    std::ofstream(root + "/script") << "#!/bin/sh\n";
    std::ofstream(root + "/data") << "data";
    fs::permissions(root + "/script", fs::perms(0755));
    CommandRequest request;
    request.words = {root + "/script"};
    request.additions = {{root + "/data", ""}, {root + "/data", "/elsewhere/data"}};
    const auto bundle = bundle_command(request, {});
    REQUIRE(bundle.ok());
    const std::string archive = archive_text(*bundle);
    CHECK(has_entry(archive, root.substr(1) + "/script"));
    CHECK(has_entry(archive, fs::canonical("/bin/sh").string().substr(1)));
    CHECK(has_entry(archive, root.substr(1) + "/data"));
    CHECK(has_entry(archive, "elsewhere/data"));
}

TEST_CASE("Bundle: what cannot be run is told by its kind") {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() + "/text") << "text";
    CommandRequest request;
    const auto kind_of = [&](const std::string& word) {
        request.words = {word};
        const auto bundle = bundle_command(request, {});
        REQUIRE_FALSE(bundle.ok());
        return bundle.error().kind();
    };
    CHECK(kind_of("no-such-command") == ErrorKind::kCommandNotFound);
    CHECK(kind_of(folder.path() + "/none") == ErrorKind::kCommandNotFound);
    CHECK(kind_of(folder.path() + "/text") == ErrorKind::kCommandNotExecutable);
    fs::permissions(folder.path() + "/text", fs::perms(0755));
    CHECK(kind_of(folder.path() + "/text") == ErrorKind::kCommandNotExecutable);
    CHECK(kind_of(folder.path()) == ErrorKind::kCommandNotExecutable);
}

TEST_CASE("Bundle: a root of one's own is all that there is") {
    const test::TemporaryFolder folder;
    fs::create_directories(folder.path() + "/bin");
    std::ofstream(folder.path() + "/bin/tool") << "#!/bin/none\n";
    fs::permissions(folder.path() + "/bin/tool", fs::perms(0755));
    CommandRequest request;
    request.words = {"tool"};
    request.root = folder.path();
    const auto bundle = bundle_command(request, {});
    REQUIRE(bundle.ok());
    CHECK(bundle->root_disk == nullptr);
    const std::string archive = archive_text(*bundle);
    CHECK(has_entry(archive, "bin/tool"));
    CHECK(has_entry(archive, SKIFF_INIT_PATH + 1));
    CHECK(archive.find("libc.so") == std::string::npos);
}

}  // namespace
}  // namespace skiff::bundle
