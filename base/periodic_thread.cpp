// SPDX-License-Identifier: Apache-2.0
#include "base/periodic_thread.h"

#include <pthread.h>

#include <utility>

namespace skiff {

PeriodicThread::PeriodicThread(std::string name, std::chrono::milliseconds period,
                               std::function<void()> task)
    : name_(std::move(name)), period_(period), task_(std::move(task)), thread_([this] { run(); }) {}

PeriodicThread::~PeriodicThread() {
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    ended_.notify_all();
    thread_.join();
}

void PeriodicThread::run() {
    ::pthread_setname_np(::pthread_self(), name_.c_str());
    auto due = std::chrono::steady_clock::now() + period_;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_until(lock, due, [this] { return is_over_; })) {
        lock.unlock();
        task_();
        due += period_;
        lock.lock();
    }
}

}  // namespace skiff
