// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/io_loops.h"

#include <fmt/format.h>
#include <pthread.h>

#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace skiff::machine {

Result<std::unique_ptr<IoLoops>> IoLoops::create(EventLoop& main_loop, unsigned count,
                                                 const PollPolicy& polling) {
    SKIFF_CHECK(count != 0);
    std::unique_ptr<IoLoops> loops(new IoLoops);
    for (unsigned i = 1; i < count; ++i) {
        SKIFF_ASSIGN_OR_RETURN(auto loop, EventLoop::create());
        loops->own_.push_back(std::move(loop));
    }
    loops->all_.push_back(&main_loop);
    for (EventLoop& loop : loops->own_) {
        loops->all_.push_back(&loop);
    }
    for (EventLoop* const loop : loops->all_) {
        loop->set_poll_policy(polling);
    }
    return loops;
}

IoLoops::~IoLoops() {
    SKIFF_CHECK(threads_.empty());
}

Result<void> IoLoops::start() {
    for (std::size_t i = 0; i < own_.size(); ++i) {
        const std::string name = fmt::format("io {}", i + 1);
        try {
            threads_.emplace_back([&loop = own_[i], name] {
                ::pthread_setname_np(::pthread_self(), name.c_str());
                loop.run();
            });
        } catch (const std::system_error& error) {
            return Error::host(error.code().value(), "cannot start the thread " + name);
        }
    }
    return {};
}

void IoLoops::stop() {
    for (EventLoop& loop : own_) {
        loop.stop();
    }
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

}  // namespace skiff::machine
