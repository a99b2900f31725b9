// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff::virtio::vsock {

/// A listening Unix stream socket with a name, which goes when it does.
class ListeningSocket {
  public:
    /// Replaces a socket that nobody listens on, and nothing else that exists at `path`. A path
    /// that cannot be is a user error.
    static Result<ListeningSocket> open(const std::string& path);
    ListeningSocket(ListeningSocket&& other) noexcept = default;
    ListeningSocket& operator=(ListeningSocket&& other) noexcept = delete;
    /// Removes the name, where it is still this socket's.
    ~ListeningSocket();

    int fd() const { return fd_.get(); }

  private:
    ListeningSocket(UniqueFd fd, std::string path);

    UniqueFd fd_;
    std::string path_;
    dev_t device_ = 0;  // the socket's identity, so that no other's is removed
    ino_t inode_ = 0;
};

}  // namespace skiff::virtio::vsock
