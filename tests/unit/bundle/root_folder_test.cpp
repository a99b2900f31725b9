// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/root_folder.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace skiff::bundle {
namespace {

namespace fs = std::filesystem;

struct Fixture {
    test::TemporaryFolder folder;

    void write(const std::string& name, unsigned permissions) const {
        const std::string path = folder.path() + "/" + name;
        fs::create_directories(fs::path(path).parent_path());
        std::ofstream(path) << "x";
        fs::permissions(path, fs::perms(permissions));
    }
    RootFolder root() const { return RootFolder::open(folder.path()).value(); }
};

TEST_CASE_METHOD(Fixture, "Root: a command is found as the guest would find it") {
    write("opt/programs/tool", 0755);
    write("bin/plain", 0644);
    fs::create_directory_symlink("/opt/programs", folder.path() + "/usr-bin");
    fs::create_directories(folder.path() + "/usr");
    fs::create_directory_symlink("/usr-bin", folder.path() + "/usr/bin");
    CHECK(*root().find_program("tool", "/") == "/usr/bin/tool");
    CHECK(*root().find_program("./tool", "/opt/programs") == "/opt/programs/./tool");
    CHECK(*root().find_program("/../opt/programs/tool", "/") == "/../opt/programs/tool");
    CHECK(root().find_program("plain", "/").error().kind() == ErrorKind::kCommandNotFound);
    CHECK(root().find_program("/bin/plain", "/").error().kind() ==
          ErrorKind::kCommandNotExecutable);
    CHECK(root().find_program("/bin", "/").error().kind() == ErrorKind::kCommandNotExecutable);
    CHECK(root().find_program("/bin/none", "/").error().kind() == ErrorKind::kCommandNotFound);
}

TEST_CASE_METHOD(Fixture, "Root: a link that leads out of the folder leads to a place in it") {
    fs::create_directories(folder.path() + "/bin");
    // Exists on the host, but not there.
    fs::create_symlink("/proc/self/exe", folder.path() + "/bin/escape");
    CHECK(root().find_program("escape", "/").error().kind() == ErrorKind::kCommandNotFound);
}

TEST_CASE_METHOD(Fixture, "Root: its size is counted in blocks") {
    write("a", 0644);
    write("sub/b", 0644);
    const auto size = root().measure();
    REQUIRE(size.ok());
    CHECK(size->files == 3);
    CHECK(size->bytes >= 2 * 4096);
}

TEST_CASE("Root: what is no folder is refused") {
    CHECK_FALSE(RootFolder::open("/no/such/folder").ok());
    CHECK_FALSE(RootFolder::open("/dev/null").ok());
}

}  // namespace
}  // namespace skiff::bundle
