// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/disk_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>

#include "base/units.h"
#include "disk_image.h"

namespace skiff::virtio::block {
namespace {

using test::Bytes;
using test::DiskImage;

DiskOptions options_for(const DiskImage& image) {
    DiskOptions options;
    options.path = image.path();
    return options;
}

Error error_of(const DiskOptions& options) {
    const auto file = DiskFile::open(options);
    REQUIRE_FALSE(file.ok());
    return file.error();
}

Bytes bytes_of(std::string_view text) {
    return Bytes(text.begin(), text.end());
}

TEST_CASE("A raw file is opened with its size in whole sectors") {
    const DiskImage image(kMiB + 700);
    const auto file = DiskFile::open(options_for(image));
    REQUIRE(file.ok());
    CHECK(file->size_now() == kMiB + 512);
    CHECK_FALSE(file->read_only());
    CHECK_FALSE(file->direct());
    CHECK_FALSE(file->is_block_device());
    CHECK(file->fd() == file->buffered_fd());
    CHECK(file->geometry().block_bytes == 512);
    CHECK(file->geometry().physical_block_bytes == 4096);
}

TEST_CASE("The size of a disk is what the file has now") {
    DiskImage image(kMiB);
    const auto file = DiskFile::open(options_for(image));
    REQUIRE(file.ok());
    image.resize(3 * kMiB);
    CHECK(file->size_now() == 3 * kMiB);
    image.resize(0);
    CHECK(file->size_now() == 0U);
}

TEST_CASE("A read-only disk cannot be written on the host's side either") {
    const DiskImage image(kMiB);
    DiskOptions options = options_for(image);
    options.read_only = true;
    const auto file = DiskFile::open(options);
    REQUIRE(file.ok());
    CHECK(file->read_only());
    CHECK_FALSE(file->can_discard());
    const std::uint8_t byte = 1;
    CHECK(::pwrite(file->fd(), &byte, 1, 0) == -1);
    CHECK(errno == EBADF);
}

TEST_CASE("What is no raw file or block device is refused with a reason") {
    struct Case {
        const char* path;
        const char* says;
    };
    const auto row = GENERATE(values<Case>({
        {"/nonexistent/disk.img", "No such file"},
        {"/tmp", "is a directory"},
        {"/dev/null", "is a character device"},
    }));
    DiskOptions options;
    options.path = row.path;
    const Error error = error_of(options);
    CHECK(error.kind() == ErrorKind::kUser);
    CHECK_THAT(error.message(), Catch::Contains(row.path) && Catch::Contains(row.says));
}

TEST_CASE("A FIFO is refused without waiting for its other end") {
    const DiskImage image(0);
    const std::string path = image.path() + ".fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    DiskOptions options;
    options.path = path;
    const auto file = DiskFile::open(options);
    ::unlink(path.c_str());
    REQUIRE_FALSE(file.ok());
    CHECK_THAT(file.error().message(), Catch::Contains("is a FIFO"));
}

TEST_CASE("An empty disk is refused with what to do") {
    const DiskImage image(0);
    const Error error = error_of(options_for(image));
    CHECK_THAT(error.message(), Catch::Contains("is empty") && Catch::Contains("truncate -s"));
}

TEST_CASE("Image formats are named and refused with the command that helps") {
    struct Case {
        std::string magic;
        std::uint64_t offset;
        const char* says;
    };
    using namespace std::string_literals;
    const auto row = GENERATE(values<Case>({
        {"QFI\xfb\0\0\0\x03"s, 0, "is a qcow2 image"},
        {"QFI\xfb\0\0\0\x02"s, 0, "qemu-img convert -f qcow2 -O raw"},
        {"vhdxfile", 0, "qemu-img convert -f vhdx -O raw"},
        {"conectix", 0, "qemu-img convert -f vpc -O raw"},
        {"conectix", kMiB - 512, "is a fixed VHD image"},
        {"KDMV", 0, "qemu-img convert -f vmdk -O raw"},
        {"# Disk DescriptorFile\n", 0, "descriptor of a VMDK"},
        {"\x7f\x10\xda\xbe", 64, "qemu-img convert -f vdi -O raw"},
        {"QED\0"s, 0, "qemu-img convert -f qed -O raw"},
        {"\x1f\x8b\x08\x00"s, 0, "gunzip"},
        {"\xfd\x37zXZ\0"s, 0, "unxz"},
        {"\x28\xb5\x2f\xfd", 0, "unzstd"},
        {"BZh91AY&SY", 0, "bunzip2"},
    }));
    const bool read_only = GENERATE(false, true);
    INFO(row.says);
    DiskImage image(kMiB);
    image.write(row.offset, bytes_of(row.magic));
    DiskOptions options = options_for(image);
    options.read_only = read_only;
    const Error error = error_of(options);
    CHECK(error.kind() == ErrorKind::kUser);
    CHECK_THAT(error.message(), Catch::Contains(row.says) && Catch::Contains(image.path()));
}

TEST_CASE("What only begins like an image format is a raw disk") {
    using namespace std::string_literals;
    const auto head =
        GENERATE(values<std::string>({"QFI\xfb\0\0\0\x09"s, "BZhello", "QFI", "\x1f\x8b"}));
    DiskImage image(kMiB);
    image.write(0, bytes_of(head));
    CHECK(DiskFile::open(options_for(image)).ok());
}

/// A child that holds `image` open as a disk for as long as the object lives.
class OtherProcess {
  public:
    explicit OtherProcess(const DiskOptions& options) {
        std::array<int, 2> ready{};
        REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            const auto file = DiskFile::open(options);
            const char answer = file.ok() ? 'y' : 'n';
            static_cast<void>(::write(ready[1], &answer, 1) == 1);
            while (true) {
                ::pause();
            }
        }
        char answer = 0;
        REQUIRE(::read(ready[0], &answer, 1) == 1);
        REQUIRE(answer == 'y');
        ::close(ready[0]);
        ::close(ready[1]);
    }
    ~OtherProcess() { end(); }
    OtherProcess(const OtherProcess&) = delete;
    OtherProcess& operator=(const OtherProcess&) = delete;

    void end() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = 0;
        }
    }
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_ = 0;
};

TEST_CASE("Two processes that write one disk exclude each other, and the error names the other") {
    const DiskImage image(kMiB);
    OtherProcess other(options_for(image));
    DiskOptions options = options_for(image);
    options.read_only = GENERATE(false, true);
    const Error error = error_of(options);
    CHECK(error.kind() == ErrorKind::kHost);
    CHECK_THAT(error.message(), Catch::Contains(image.path()));
    CHECK_THAT(error.message(),
               Catch::Contains("in use by process " + std::to_string(other.pid()) + " ("));
    other.end();
    CHECK(DiskFile::open(options).ok());
}

TEST_CASE("A disk that is given twice is told so") {
    const DiskImage image(kMiB);
    const auto first = DiskFile::open(options_for(image));
    REQUIRE(first.ok());
    const Error error = error_of(options_for(image));
    CHECK(error.kind() == ErrorKind::kUser);
    CHECK_THAT(error.message(), Catch::Contains(image.path()) && Catch::Contains("given twice"));
}

TEST_CASE("Readers share a disk, and keep a writer out") {
    const DiskImage image(kMiB);
    DiskOptions reading = options_for(image);
    reading.read_only = true;
    {
        const auto first = DiskFile::open(reading);
        const auto second = DiskFile::open(reading);
        REQUIRE(first.ok());
        REQUIRE(second.ok());
        CHECK_THAT(error_of(options_for(image)).message(), Catch::Contains("given twice"));
    }
    CHECK(DiskFile::open(options_for(image)).ok());
}

TEST_CASE("O_DIRECT comes with the alignment that it asks for") {
    const DiskImage image(kMiB);
    DiskOptions options = options_for(image);
    options.direct = true;
    const auto file = DiskFile::open(options);
    if (!file.ok()) {  // a file system without it
        CHECK_THAT(file.error().message(), Catch::Contains("O_DIRECT"));
        return;
    }
    CHECK(file->direct());
    CHECK(file->fd() != file->buffered_fd());
    alignas(4096) std::array<std::uint8_t, 8192> memory{};
    const auto aligned = [&](std::uint64_t offset, std::size_t at, std::size_t length) {
        const std::array buffers = {iovec{.iov_base = memory.data() + at, .iov_len = length}};
        return file->aligned_for_direct(offset, buffers);
    };
    CHECK(aligned(0, 0, 4096));
    CHECK_FALSE(aligned(0, 1, 4096));
    CHECK_FALSE(aligned(0, 0, 100));
    CHECK_FALSE(aligned(100, 0, 4096));
}

}  // namespace
}  // namespace skiff::virtio::block
