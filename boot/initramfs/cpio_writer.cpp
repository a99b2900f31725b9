// SPDX-License-Identifier: Apache-2.0
#include "boot/initramfs/cpio_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "base/write_all.h"

namespace skiff::boot::initramfs {
namespace {

constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr std::size_t kAlignment = 4;
constexpr std::size_t kBufferBytes = 256 * kKiB;
constexpr std::uint64_t kMaxFileBytes = 0xffff'ffff;  // eight hexadecimal digits

/// What goes into the archive, in large pieces.
class Output {
  public:
    explicit Output(int fd, const std::string& name) : fd_(fd), name_(name) {
        buffer_.reserve(kBufferBytes);
    }

    Result<void> write(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t part = std::min(bytes.size(), kBufferBytes - buffer_.size());
            buffer_.append(bytes.substr(0, part));
            bytes.remove_prefix(part);
            if (buffer_.size() == kBufferBytes) {
                SKIFF_RETURN_IF_ERROR(flush());
            }
        }
        return {};
    }

    Result<void> pad() {
        return write(std::string(align_up(position(), kAlignment) - position(), '\0'));
    }

    Result<void> flush() {
        if (const int failure = write_all(fd_, buffer_); failure != 0) {
            return Error::host(failure, "cannot write " + name_);
        }
        flushed_ += buffer_.size();
        buffer_.clear();
        return {};
    }

  private:
    std::uint64_t position() const { return flushed_ + buffer_.size(); }

    const int fd_;
    const std::string& name_;
    std::string buffer_;
    std::uint64_t flushed_ = 0;
};

/// The header and the name, padded.
Result<void> write_header(Output& output, std::string_view path, const Node& node,
                          std::uint32_t inode, std::uint64_t size) {
    const std::uint32_t links = S_ISDIR(node.mode) ? 2 : 1;
    SKIFF_RETURN_IF_ERROR(output.write(fmt::format(
        "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
        inode, node.mode, node.user, node.group, links, node.modified, size, 0, 0,
        node.device_major, node.device_minor, path.size() + 1, 0)));
    SKIFF_RETURN_IF_ERROR(output.write(path));
    SKIFF_RETURN_IF_ERROR(output.write(std::string_view("\0", 1)));
    return output.pad();
}

Result<void> write_content(Output& output, const File& file) {
    std::vector<std::uint8_t> part;
    for (std::uint64_t done = 0; done < file.size_bytes(); done += part.size()) {
        part.resize(std::min<std::uint64_t>(kBufferBytes, file.size_bytes() - done));
        SKIFF_RETURN_IF_ERROR(file.read(done, part));
        SKIFF_RETURN_IF_ERROR(
            output.write({reinterpret_cast<const char*>(part.data()), part.size()}));
    }
    return output.pad();
}

Result<void> write_node(Output& output, std::string_view path, const Node& node,
                        std::uint32_t inode) {
    if (node.source.empty()) {
        SKIFF_RETURN_IF_ERROR(write_header(output, path, node, inode, node.text.size()));
        SKIFF_RETURN_IF_ERROR(output.write(node.text));
        return output.pad();
    }
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(node.source));
    if (file.size_bytes() > kMaxFileBytes) {
        return Error::user(fmt::format("'{}' has {}, more than a cpio archive can hold in one file",
                                       node.source, format_size(file.size_bytes())));
    }
    SKIFF_RETURN_IF_ERROR(write_header(output, path, node, inode, file.size_bytes()));
    return write_content(output, file);
}

}  // namespace

Result<File> write_cpio(const FileTree& tree, const std::string& name) {
    SKIFF_ASSIGN_OR_RETURN(const File empty, File::create_in_memory(name, 0));
    Output output(empty.fd(), name);
    std::uint32_t inode = 0;
    for (const auto& [path, node] : tree.nodes()) {
        SKIFF_RETURN_IF_ERROR(write_node(output, path, node, ++inode));
    }
    SKIFF_RETURN_IF_ERROR(write_header(output, kTrailer, Node{}, 0, 0));
    SKIFF_RETURN_IF_ERROR(output.flush());
    return File::from_descriptor(UniqueFd(::fcntl(empty.fd(), F_DUPFD_CLOEXEC, 0)), name);
}

}  // namespace skiff::boot::initramfs
