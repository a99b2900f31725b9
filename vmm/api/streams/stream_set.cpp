// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/streams/stream_set.h"

namespace skiff::api {

StreamSet::StreamSet(EventLoop& loop, std::function<void()> is_empty)
    : loop_(loop), is_empty_(std::move(is_empty)), note_(std::make_shared<Note>()) {
    note_->set = this;
}

StreamSet::~StreamSet() {
    note_->set = nullptr;
}

std::function<void()> StreamSet::teller() {
    return [&loop = loop_, note = note_] {
        if (!note->is_due.exchange(true)) {
            loop.post([note] {
                note->is_due = false;
                if (note->set != nullptr) {
                    note->set->tell();
                }
            });
        }
    };
}

void StreamSet::tell() {
    std::erase_if(streams_, [](const auto& stream) { return stream.expired(); });
    if (streams_.empty()) {
        is_empty_();
    }
    for (const auto& open : streams_) {
        if (const auto stream = open.lock()) {
            stream->tell();
        }
    }
}

}  // namespace skiff::api
