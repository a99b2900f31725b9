// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/vsock_option.h"

#include <catch2/catch.hpp>

#include <string>

#include "command_line.h"

namespace skiff::cli {
namespace {

TEST_CASE("A socket device has a context id and a path, in any order") {
    const auto vsock = parse_vsock("cid=3,path=/tmp/v.sock");
    REQUIRE(vsock.ok());
    CHECK(vsock->cid == 3);
    CHECK(vsock->path == "/tmp/v.sock");
    const auto other = parse_vsock("path=/a,,b,cid=4294967294");
    REQUIRE(other.ok());
    CHECK(other->cid == 4294967294);
    CHECK(other->path == "/a,b");
}

TEST_CASE("A wrong socket device is one clear line") {
    struct Row {
        std::string text;
        const char* message;
    };
    const auto row = GENERATE(values<Row>({
        {"", "'' is no setting of a socket device: choose from cid=N, path=SOCKET"},
        {"cid=3", "'cid=3' names no path: write for example cid=3,path=/tmp/v.sock"},
        {"path=/a", "'path=/a' names no cid: write for example cid=3,path=/tmp/v.sock"},
        {"cid=2,path=/a", "'cid=2': a guest's context id is a number from 3 to 4294967294"},
        {"cid=4294967295,path=/a",
         "'cid=4294967295': a guest's context id is a number from 3 to 4294967294"},
        {"cid=x,path=/a", "'cid=x': a guest's context id is a number from 3 to 4294967294"},
        {"cid,path=/a", "'cid': write cid=N"},
        {"cid=3,path=", "'path=': a socket's path is not empty"},
        {"cid=3,paths=/a", "'paths' is no setting of a socket device: did you mean 'path'?"},
        {"cid=3,path=/" + std::string(96, 'a'), "a path of 97 bytes is too long"},
    }));
    const auto vsock = parse_vsock(row.text);
    REQUIRE_FALSE(vsock.ok());
    CHECK(vsock.error().kind() == ErrorKind::kUser);
    CHECK_THAT(vsock.error().message(), Catch::Contains(row.message));
    CHECK(vsock.error().message().find('\n') == std::string::npos);
}

TEST_CASE("There is no socket device without --vsock") {
    CHECK_FALSE(config_of({"kernel"}).vsock.has_value());
    CHECK(config_of({"kernel", "--vsock", "cid=9,path=/x"}).vsock->cid == 9);
    CHECK_THAT(error_of({"kernel", "--vsock", "cid=9"}), Catch::Contains("--vsock: "));
}

}  // namespace
}  // namespace skiff::cli
