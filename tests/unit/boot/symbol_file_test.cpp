// SPDX-License-Identifier: Apache-2.0
#include "boot/symbol_file.h"

#include <filesystem>
#include <fstream>

#include "image_files.h"
#include "tests/support/bzimage_builder.h"
#include "tests/support/temporary_folder.h"

namespace skiff::boot::test {
namespace {

using skiff::test::BzImageBuilder;

void write(const std::filesystem::path& path, const Bytes& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream stream(path, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
}

Bytes vmlinux(std::size_t size) {
    return ElfBuilder().entry(0x1000000).segment({0x1000000, pattern(size)}).build();
}

std::string symbols_of(const std::filesystem::path& path) {
    const auto kernel = open_kernel(path.string(), 64 * kMiB);
    REQUIRE(kernel.ok());
    return symbol_file_of(*kernel);
}

}  // namespace

TEST_CASE("The symbols of a bzImage are those of the vmlinux that it was made from") {
    const skiff::test::TemporaryFolder folder;
    const std::filesystem::path root(folder.path());
    const auto image = root / "arch/x86/boot/bzImage";
    write(image, BzImageBuilder().packed_payload(Compression::kGzip, vmlinux(9000)).build());
    CHECK(symbols_of(image) == image.string());
    write(root / "vmlinux", vmlinux(9001));  // another build
    CHECK(symbols_of(image) == image.string());
    write(root / "vmlinux", vmlinux(9000));
    CHECK(symbols_of(image) == (root / "vmlinux").string());
    write(root / "arch/x86/boot/vmlinux", vmlinux(9000));
    CHECK(symbols_of(image) == (root / "arch/x86/boot/vmlinux").string());
    CHECK(symbols_of(root / "vmlinux") == (root / "vmlinux").string());
}

}  // namespace skiff::boot::test
