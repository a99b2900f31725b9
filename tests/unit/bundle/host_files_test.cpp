// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/host_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace skiff::bundle {
namespace {

namespace fs = std::filesystem;
using boot::initramfs::FileTree;

struct Fixture {
    test::TemporaryFolder folder;
    const std::string root = fs::canonical(folder.path()).string();
    FileTree tree;
    HostFiles files{tree};

    void write(const std::string& name, const std::string& text = "") const {
        fs::create_directories(fs::path(root + "/" + name).parent_path());
        std::ofstream(root + "/" + name) << text;
    }
};

TEST_CASE_METHOD(Fixture, "Host files: a file comes with the links that lead to it") {
    write("usr/bin/dash");
    fs::create_symlink("usr/bin", root + "/bin");
    fs::create_symlink("dash", root + "/usr/bin/sh");
    const auto real = files.add(root + "/bin/sh");
    REQUIRE(real.ok());
    CHECK(*real == root + "/usr/bin/dash");
    CHECK(tree.find(root + "/bin")->text == "usr/bin");
    CHECK(tree.find(root + "/bin/sh")->text == "dash");
    CHECK(tree.find(root + "/bin/dash")->source == root + "/usr/bin/dash");
}

TEST_CASE_METHOD(Fixture, "Host files: absolute links, dots and folders are followed") {
    write("real/deep/file");
    fs::create_symlink(root + "/real", root + "/link");
    CHECK(*files.add(root + "/link/./deep/../deep/file") == root + "/real/deep/file");
    CHECK(tree.find(root + "/link")->text == root + "/real");
    CHECK(S_ISDIR(tree.find(root + "/real/deep")->mode));
}

TEST_CASE_METHOD(Fixture,
                 "Host files: what is missing, loops or is below a file is refused by name") {
    write("file");
    fs::create_symlink("loop", root + "/loop");
    for (const std::string name : {"/missing", "/loop", "/file/below"}) {
        const auto added = files.add(root + name);
        REQUIRE_FALSE(added.ok());
        CHECK(added.error().kind() == ErrorKind::kUser);
        CHECK(added.error().message().find(root + name) != std::string::npos);
    }
}

TEST_CASE_METHOD(Fixture, "Host files: a folder goes to another place with all that is in it") {
    write("data/a", "text");
    write("data/sub/b");
    fs::create_symlink("../a", root + "/data/sub/link");
    REQUIRE(::mkfifo((root + "/data/fifo").c_str(), 0600) == 0);
    fs::permissions(root + "/data/a", fs::perms(0750));
    REQUIRE(files.add_at(root + "/data", "/there").ok());
    CHECK(tree.find("/there/a")->source == root + "/data/a");
    CHECK(tree.find("/there/a")->mode == (S_IFREG | 0750));
    CHECK(tree.find("/there/sub/b") != nullptr);
    CHECK(tree.find("/there/sub/link")->text == "../a");
    CHECK(S_ISFIFO(tree.find("/there/fifo")->mode));
    CHECK(tree.find(root) == nullptr);
}

TEST_CASE_METHOD(Fixture, "Host files: a folder can be the root") {
    write("data/etc/passwd");
    REQUIRE(files.add_at(root + "/data", "/").ok());
    CHECK(tree.find("/etc/passwd") != nullptr);
}

TEST_CASE_METHOD(Fixture, "Host files: a link that is added elsewhere is what it leads to") {
    write("file", "text");
    fs::create_symlink("file", root + "/link");
    REQUIRE(files.add_at(root + "/link", "/x").ok());
    CHECK(tree.find("/x")->source == root + "/file");
    CHECK_FALSE(files.add_at(root + "/missing", "/y").ok());
}

}  // namespace
}  // namespace skiff::bundle
