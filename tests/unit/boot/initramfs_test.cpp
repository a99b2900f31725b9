// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "boot/initramfs/cpio_writer.h"
#include "boot/initramfs/file_tree.h"
#include "tests/support/temporary_file.h"

namespace skiff::boot::initramfs {
namespace {

struct Entry {
    std::uint32_t inode = 0, mode = 0, user = 0, group = 0, links = 0, modified = 0;
    std::uint32_t major = 0, minor = 0;
    std::string content;
};

/// Takes an archive apart by the format's document; fails where it is not by it.
std::map<std::string, Entry> read_cpio(const File& file) {
    const auto bytes = file.read_up_to(0, file.size_bytes()).value();
    const std::string text(bytes.begin(), bytes.end());
    std::map<std::string, Entry> entries;
    for (std::size_t at = 0;;) {
        REQUIRE(text.substr(at, 6) == "070701");
        const auto field = [&](std::size_t index) {
            return static_cast<std::uint32_t>(
                std::stoul(text.substr(at + 6 + 8 * index, 8), nullptr, 16));
        };
        const std::string name = text.substr(at + 110, field(11) - 1);
        REQUIRE(text.at(at + 110 + name.size()) == '\0');
        const std::size_t content = (at + 110 + name.size() + 1 + 3) / 4 * 4;
        if (name == "TRAILER!!!") {
            REQUIRE(content == text.size());
            return entries;
        }
        entries[name] = {field(0), field(1),  field(2),
                         field(3), field(4),  field(5),
                         field(9), field(10), text.substr(content, field(6))};
        REQUIRE(entries[name].content.size() == field(6));
        at = (content + field(6) + 3) / 4 * 4;
    }
}

std::string paths_of(const FileTree& tree) {
    std::string text;
    for (const auto& [path, node] : tree.nodes()) {
        text += (text.empty() ? "" : " ") + path + (S_ISDIR(node.mode) ? "/" : "");
    }
    return text;
}

std::string refusal(const Result<void>& result) {
    return result.ok() ? std::string() : result.error().message();
}

TEST_CASE("File tree: the folders above a file are made, each before what is in it") {
    FileTree tree;
    REQUIRE(tree.add_text("/usr/lib/x/y", "text").ok());
    REQUIRE(tree.add_text("/usr/lib.old", "").ok());
    REQUIRE(tree.add_folder("//usr//./lib/../share/").ok());
    CHECK(paths_of(tree) == "usr/ usr/lib/ usr/lib.old usr/lib/x/ usr/lib/x/y usr/share/");
    CHECK(tree.find("/usr/lib/x")->mode == (S_IFDIR | 0755));
}

TEST_CASE("File tree: links of the tree are followed on the way to a file, as a kernel does") {
    FileTree tree;
    REQUIRE(tree.add_link("/bin", "usr/bin").ok());
    REQUIRE(tree.add_link("/usr/bin", "/opt/../programs").ok());
    REQUIRE(tree.add_text("/bin/sh", "shell").ok());
    CHECK(paths_of(tree) == "bin programs/ programs/sh usr/ usr/bin");
    CHECK(tree.find("/bin/sh")->text == "shell");
    CHECK(tree.find("/usr/bin/nothing") == nullptr);
    // Itself, a last link is not followed.
    CHECK(tree.find("/bin")->text == "usr/bin");
    // A folder where the tree has a link is the folder behind it.
    REQUIRE(tree.add_folder("/bin").ok());
    CHECK(S_ISLNK(tree.find("/bin")->mode));
}

TEST_CASE("File tree: what cannot be a path is refused, and nothing loops for ever") {
    FileTree tree;
    REQUIRE(tree.add_text("/file", "").ok());
    REQUIRE(tree.add_link("/loop", "loop/x").ok());
    CHECK(refusal(tree.add_folder("relative")) ==
          "'relative' cannot be a path in the guest: it does not begin with '/'");
    CHECK(refusal(tree.add_text("/file/below", "")) ==
          "'/file/below' cannot be a path in the guest: /file is no folder there");
    CHECK(refusal(tree.add_text("/loop/below", "")).find("too many links") != std::string::npos);
    CHECK(refusal(tree.add_text("/", "")).find("it is the root") != std::string::npos);
    REQUIRE(tree.add_folder("/folder").ok());
    CHECK(refusal(tree.add_text("/folder", "")).find("it is a folder") != std::string::npos);
    CHECK_FALSE(tree.add_folder(std::string_view("/a\0b", 4)).ok());
}

TEST_CASE("File tree: a later file replaces an earlier one, a folder keeps what is in it") {
    FileTree tree;
    REQUIRE(tree.add_text("/etc/passwd", "first").ok());
    REQUIRE(tree.add_text("/etc/passwd", "second").ok());
    REQUIRE(tree.add_folder("/etc", 0700).ok());
    CHECK(tree.find("/etc/passwd")->text == "second");
    CHECK(tree.find("/etc")->mode == (S_IFDIR | 0700));
}

TEST_CASE("Cpio: an archive holds each kind of file with all that belongs to it") {
    const test::TemporaryFile source({'c', 'o', 'n', 't', 'e'});
    FileTree tree;
    REQUIRE(tree.add_text("/a", "text", 0640).ok());
    REQUIRE(tree.add_link("/link", "../target").ok());
    REQUIRE(tree.add_character_device("/dev/console", 0600, 5, 1).ok());
    REQUIRE(tree.add("/b", {.mode = S_IFREG | 04755,
                            .user = 1000,
                            .group = 100,
                            .modified = 0x12345678,
                            .source = source.path()})
                .ok());
    const auto archive = write_cpio(tree, "the archive");
    REQUIRE(archive.ok());
    auto entries = read_cpio(*archive);
    REQUIRE(entries.size() == 5);
    CHECK(entries["a"].content == "text");
    CHECK(entries["a"].mode == (S_IFREG | 0640));
    CHECK(entries["b"].content == "conte");
    CHECK(entries["b"].mode == (S_IFREG | 04755));
    CHECK(entries["b"].user == 1000);
    CHECK(entries["b"].group == 100);
    CHECK(entries["b"].modified == 0x12345678);
    CHECK(entries["dev"].mode == (S_IFDIR | 0755));
    CHECK(entries["dev"].links == 2);
    CHECK(entries["dev/console"].mode == (S_IFCHR | 0600));
    CHECK(entries["dev/console"].major == 5);
    CHECK(entries["dev/console"].minor == 1);
    CHECK(entries["link"].content == "../target");
    CHECK(entries["link"].mode == (S_IFLNK | 0777));
    // Files with one inode number would be links of each other.
    CHECK(entries["a"].inode != entries["b"].inode);
}

TEST_CASE("Cpio: content larger than a buffer is whole") {
    test::Bytes large(700'001);
    for (std::size_t i = 0; i < large.size(); ++i) {
        large[i] = static_cast<std::uint8_t>(i * i >> 3);
    }
    const test::TemporaryFile source(large);
    FileTree tree;
    REQUIRE(tree.add("/large", {.mode = S_IFREG | 0644, .source = source.path()}).ok());
    REQUIRE(tree.add_text("/last", "end").ok());
    auto entries = read_cpio(write_cpio(tree, "x").value());
    CHECK(entries["large"].content == std::string(large.begin(), large.end()));
    CHECK(entries["last"].content == "end");
}

TEST_CASE("Cpio: a file that is gone is named in the error") {
    FileTree tree;
    REQUIRE(tree.add("/x", {.mode = S_IFREG | 0644, .source = "/no/such/file"}).ok());
    const auto archive = write_cpio(tree, "the archive");
    REQUIRE_FALSE(archive.ok());
    CHECK(archive.error().message().find("/no/such/file") != std::string::npos);
}

}  // namespace
}  // namespace skiff::boot::initramfs
