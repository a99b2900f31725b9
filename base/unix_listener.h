// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// A listening Unix stream socket with a name in the file system, which goes with it.
class UnixListener {
  public:
    /// Replaces a socket that nobody listens on, and nothing else that exists at `path`. `option`
    /// is what the user wrote, for errors. The socket does not block; `backlog` clients wait in its
    /// queue. `mode` is the file's, where given; before anybody can connect.
    static Result<UnixListener> listen(const std::string& path, const std::string& option,
                                       int backlog = 8, std::optional<mode_t> mode = {});
    UnixListener(UnixListener&&) noexcept = default;
    UnixListener& operator=(UnixListener&&) = delete;
    ~UnixListener();

    int fd() const { return socket_.get(); }
    const std::string& path() const { return path_; }

  private:
    UnixListener(UniqueFd socket, std::string path);

    UniqueFd socket_;
    std::string path_;
    dev_t device_ = 0;  // the socket's identity, so that no other's is removed
    ino_t inode_ = 0;
};

}  // namespace skiff
