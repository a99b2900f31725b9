// SPDX-License-Identifier: Apache-2.0
#include "boot/kernel_config.h"

#include <filesystem>
#include <fstream>

#include "boot/inspect.h"
#include "boot/kernel_wishes.h"
#include "image_files.h"
#include "tests/support/bzimage_builder.h"
#include "tests/support/temporary_folder.h"

namespace skiff::boot::test {
namespace {

using skiff::test::BzImageBuilder;
using skiff::test::pack;
using skiff::test::TemporaryFolder;

constexpr const char* kText =
    "#\n"
    "# Automatically generated file; DO NOT EDIT.\n"
    "# Linux/x86 6.1.0 Kernel Configuration\n"
    "#\n"
    "CONFIG_NR_CPUS=8\n"
    "CONFIG_VIRTIO_MMIO=y\n"
    "CONFIG_VIRTIO_BLK=m\n"
    "# CONFIG_VIRTIO_NET is not set\n"
    "CONFIG_CMDLINE=\"console=ttyS0 quiet\"\n"
    "CONFIG_EMPTY=\"\"\n";

KernelConfig parsed(const std::string& text) {
    auto config = KernelConfig::parse(text, "here");
    REQUIRE(config.has_value());
    return std::move(*config);
}

/// Kernel bytes with the marks and what is between them, from an odd offset on.
Bytes kernel_content(const Bytes& packed, std::size_t before = 12345) {
    Bytes content = pattern(before);
    const std::string start = "IKCFG_ST";
    const std::string end = "IKCFG_ED";
    content.insert(content.end(), start.begin(), start.end());
    content.insert(content.end(), packed.begin(), packed.end());
    content.insert(content.end(), end.begin(), end.end());
    content.insert(content.end(), 100, 0xee);
    return content;
}

Bytes packed_text(const std::string& text) {
    return pack(Compression::kGzip, Bytes(text.begin(), text.end()));
}

Bytes elf_with(const Bytes& content) {
    return ElfBuilder().entry(0x1000000).segment({0x1000000, content}).pvh_entry(0x1000010).build();
}

void write(const std::filesystem::path& path, const Bytes& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream stream(path, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
}

void write(const std::filesystem::path& path, const std::string& text) {
    write(path, Bytes(text.begin(), text.end()));
}

KernelImage opened(const std::filesystem::path& path) {
    auto kernel = open_kernel(path.string(), 64 * kMiB);
    REQUIRE(kernel.ok());
    return *std::move(kernel);
}

std::filesystem::path path_of(const TemporaryFolder& folder) {
    return folder.path();
}

std::string source_of(const std::filesystem::path& kernel_path) {
    const KernelImage kernel = opened(kernel_path);
    const auto config = find_kernel_config(kernel);
    REQUIRE(config.ok());
    return config->has_value() ? (*config)->source() : "none";
}

}  // namespace

TEST_CASE("A configuration tells built in from module from not set") {
    const KernelConfig config = parsed(kText);
    CHECK(config.is_built_in("VIRTIO_MMIO"));
    CHECK_FALSE(config.is_module("VIRTIO_MMIO"));
    CHECK(config.is_module("VIRTIO_BLK"));
    CHECK_FALSE(config.is_built_in("VIRTIO_BLK"));
    CHECK_FALSE(config.value("VIRTIO_NET").has_value());
    CHECK_FALSE(config.value("VIRTIO").has_value());
    CHECK_FALSE(config.value("").has_value());
    CHECK(config.number("NR_CPUS") == 8);
    CHECK_FALSE(config.number("VIRTIO_MMIO").has_value());
    CHECK(config.value("CMDLINE") == "console=ttyS0 quiet");
    CHECK(config.value("EMPTY") == "");
    CHECK(config.kernel_version() == "6.1.0");
    CHECK(config.source() == "here");
}

TEST_CASE("A configuration is read whatever its lines are like") {
    CHECK_FALSE(KernelConfig::parse("", "here").has_value());
    CHECK_FALSE(KernelConfig::parse("root:x:0:0\n=y\nCONFIG_\nCONFIG_=y\n", "here").has_value());
    // The last one counts; =n is as good as a comment; the last line needs no end.
    const KernelConfig config =
        parsed("CONFIG_A=y\nCONFIG_A=m\nCONFIG_B=y\nCONFIG_B=n\nCONFIG_C=y");
    CHECK(config.is_module("A"));
    CHECK_FALSE(config.value("B").has_value());
    CHECK(config.is_built_in("C"));
}

TEST_CASE("The configuration inside of a vmlinux is found, also across the pieces of the search") {
    const TemporaryFolder folder;
    for (const std::size_t before : {std::size_t{0}, std::size_t{12345}, 1 * kMiB - 4, 1 * kMiB,
                                     1 * kMiB + 508, 3 * kMiB + 1}) {
        INFO(before);
        write(path_of(folder) / "vmlinux", elf_with(kernel_content(packed_text(kText), before)));
        const KernelImage kernel = opened(path_of(folder) / "vmlinux");
        const auto config = embedded_kernel_config(kernel);
        REQUIRE(config.ok());
        REQUIRE(config->has_value());
        CHECK((*config)->is_module("VIRTIO_BLK"));
        CHECK((*config)->source() == "the kernel itself");
    }
}

TEST_CASE("The configuration inside of a bzImage is found in its unpacked kernel") {
    const TemporaryFolder folder;
    write(path_of(folder) / "bzImage",
          BzImageBuilder()
              .packed_payload(Compression::kXz, elf_with(kernel_content(packed_text(kText))))
              .build());
    CHECK(source_of(path_of(folder) / "bzImage") == "the kernel itself");
}

TEST_CASE("Marks without sound data between them give an error or nothing, never more than fits") {
    const TemporaryFolder folder;
    const auto result_of = [&folder](const Bytes& content) {
        write(path_of(folder) / "vmlinux", elf_with(content));
        const KernelImage kernel = opened(path_of(folder) / "vmlinux");
        const auto config = embedded_kernel_config(kernel);
        return config.ok() ? std::string(config->has_value() ? "found" : "none")
                           : user_error(config);
    };
    const Bytes sound = packed_text(kText);
    // A mark alone, as in the code that looks for it, and one without an end.
    CHECK(result_of(kernel_content({})) == "none");
    Bytes endless = kernel_content(sound);
    endless.resize(12345 + 8 + sound.size());
    CHECK(result_of(endless) == "none");
    CHECK(result_of(kernel_content(packed_text("no configuration\n")))
              .find("no kernel configuration") != std::string::npos);

    Bytes damaged = sound;
    damaged[20] ^= 0xff;
    CHECK(result_of(kernel_content(damaged)).find("cannot be read") != std::string::npos);
    // The size that gzip data ends with: too large, too small, huge.
    for (const std::uint32_t size : {1000U, 1U, 0U, 0xffffffffU}) {
        Bytes lying = sound;
        poke(lying, lying.size() - 4, size);
        CHECK(result_of(kernel_content(lying)).find("cannot be read") != std::string::npos);
    }
    const std::string bomb(KernelConfig::kMaxTextBytes + 1, 'x');
    CHECK(result_of(kernel_content(packed_text(bomb))).find("large") != std::string::npos);
}

TEST_CASE("A configuration is found beside a kernel that has none inside") {
    const TemporaryFolder folder;
    const std::filesystem::path root = path_of(folder);
    const std::string banner = "Linux version 6.1.0-test (me@here) #1\n";
    Bytes content = pattern(9000);
    std::copy(banner.begin(), banner.end(), content.begin() + 100);
    write(root / "vmlinux", elf_with(content));
    CHECK(source_of(root / "vmlinux") == "none");

    // That of another version is none of this kernel's.
    write(root / ".config", "# Linux/x86 6.1.01 Kernel Configuration\nCONFIG_A=y\n");
    CHECK(source_of(root / "vmlinux") == "none");
    write(root / "config", kText);
    CHECK(source_of(root / "vmlinux") == (root / "config").string());
    write(root / ".config", kText);
    CHECK(source_of(root / "vmlinux") == (root / ".config").string());
    // A distribution's release is not the version in the title.
    write(root / "config-6.1.0-test", "# Linux/x86 6.1.99 Kernel Configuration\nCONFIG_A=y\n");
    CHECK(source_of(root / "vmlinux") == (root / "config-6.1.0-test").string());
    // A kernel that has one inside needs no other.
    write(root / "vmlinux", elf_with(kernel_content(packed_text(kText))));
    CHECK(source_of(root / "vmlinux") == "the kernel itself");
}

TEST_CASE("The bzImage of a build tree has its configuration at the tree's root") {
    const TemporaryFolder folder;
    const auto image = path_of(folder) / "arch/x86/boot/bzImage";
    write(image, BzImageBuilder()
                     .version_text("6.1.0-test (me@here) #1 SMP")
                     .packed_payload(Compression::kGzip, elf_with(pattern(9000)))
                     .build());
    CHECK(source_of(image) == "none");
    write(path_of(folder) / ".config", kText);
    CHECK(source_of(image) == (path_of(folder) / ".config").string());
}

TEST_CASE("What a kernel lacks is told once for each option, with who needs it") {
    const KernelConfig config = parsed(kText);
    const std::array wishes{wish::kVirtioMmio,  wish::kDisk,       wish::kNet,       wish::kNet,
                            wish::kFoundByAcpi, cpu_count_wish(8), cpu_count_wish(9)};
    const auto lacks = kernel_lacks(config, wishes);
    REQUIRE(lacks.size() == 4);
    CHECK(lacks[0].as_module);
    CHECK_FALSE(lacks[1].as_module);
    CHECK(describe(lacks) ==
          "CONFIG_VIRTIO_BLK=m, which -d needs; CONFIG_VIRTIO_NET=y, which -n needs; "
          "CONFIG_ACPI=y or CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y, which each virtio device needs; "
          "CONFIG_NR_CPUS of 9 or more (it is 8), which -c needs");
    CHECK(kernel_lacks(parsed("CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\n"), {&wishes[4], 1}).empty());
}

TEST_CASE("Inspection names the configuration and what it lacks") {
    const TemporaryFolder folder;
    Bytes content = kernel_content(packed_text(kText));
    const std::string banner = "Linux version 6.1.0-test (me@here) #1\n";
    std::copy(banner.begin(), banner.end(), content.begin() + 100);
    write(path_of(folder) / "vmlinux", elf_with(content));
    const auto inspection = inspect((path_of(folder) / "vmlinux").string());
    REQUIRE(inspection.ok());
    std::string told;
    for (const Property& property : inspection->properties) {
        if (property.key.starts_with("config")) {
            told += property.key + ": " + property.value + "\n";
        }
    }
    CHECK(told ==
          "config: in the kernel itself\n"
          "config_lacks: VIRTIO_NET (-n), VIRTIO_BALLOON (--balloon), VIRTIO_VSOCKETS (--vsock), "
          "VIRTIO_CONSOLE (--console virtio), ACPI (each virtio device), SERIAL_8250_CONSOLE (the "
          "console), BLK_DEV_INITRD (the initrd)\n"
          "config_modules: VIRTIO_BLK (-d)\n");
}

}  // namespace skiff::boot::test
