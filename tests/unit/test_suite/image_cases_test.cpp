// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/image_cases.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/elf_builder.h"
#include "tests/support/temporary_folder.h"

namespace skiff::test_suite {
namespace {

void write(const std::string& path, const test::Bytes& bytes) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

TEST_CASE("A folder's bootable images are its cases, in order") {
    const test::TemporaryFolder folder;
    const test::Bytes image =
        test::ElfBuilder()
            .entry(0x100000)
            .segment({.physical_address = 0x100000, .content = test::pattern(64)})
            .build();
    write(folder.path() + "/images/b.elf", image);
    write(folder.path() + "/images/a/z.elf", image);
    write(folder.path() + "/images/notes.txt", {'h', 'i'});
    write(folder.path() + "/images/.hidden/c.elf", image);
    write(folder.path() + "/images/.d.elf", image);
    const auto cases = cases_of_folder(folder.path() + "/images/");
    REQUIRE(cases.ok());
    REQUIRE(cases->size() == 2);
    CHECK(cases->at(0).name == "a/z.elf");
    CHECK(cases->at(1).name == "b.elf");
    CHECK(cases->at(1).suite == "images");
    CHECK(cases->at(1).arguments ==
          std::vector<std::string>{"--kernel", folder.path() + "/images/b.elf"});
}

TEST_CASE("A folder without an image, and a file that is none, are errors") {
    const test::TemporaryFolder folder;
    write(folder.path() + "/notes.txt", {'h', 'i'});
    CHECK_FALSE(cases_of_folder(folder.path()).ok());
    CHECK_FALSE(cases_of_folder(folder.path() + "/none").ok());
    const auto text = case_of_image(folder.path() + "/notes.txt");
    REQUIRE_FALSE(text.ok());
    CHECK(text.error().kind() == ErrorKind::kUser);
    CHECK_THAT(text.error().message(), Catch::Contains("notes.txt"));
}

}  // namespace
}  // namespace skiff::test_suite
