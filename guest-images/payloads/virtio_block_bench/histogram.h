// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace payload::bench {

/// Counts values in buckets no wider than 1/64 of the value, so that percentiles are exact to 1.6
/// %.
class Histogram {
  public:
    void clear() {
        for (std::uint64_t& count : counts_) {
            count = 0;
        }
        total_ = 0;
    }

    void add(std::uint64_t value) {
        ++counts_[bucket_of(value)];
        ++total_;
    }

    std::uint64_t total() const { return total_; }

    /// The middle of the bucket that the value at `per_mille` thousandths lies in.
    std::uint64_t percentile(std::uint64_t per_mille) const {
        const std::uint64_t wanted = (total_ * per_mille + 999) / 1000;
        std::uint64_t seen = 0;
        for (unsigned bucket = 0; bucket < kBuckets; ++bucket) {
            seen += counts_[bucket];
            if (seen >= wanted && seen != 0) {
                return (first_of(bucket) + first_of(bucket + 1)) / 2;
            }
        }
        return 0;
    }

  private:
    static constexpr unsigned kBits = 6;
    static constexpr unsigned kSub = 1u << kBits;
    // Values below 2 * kSub have a bucket each; above, each power of two has kSub.
    static constexpr unsigned kBuckets = 40 * kSub;

    static unsigned bucket_of(std::uint64_t value) {
        if (value < 2 * kSub) {
            return static_cast<unsigned>(value);
        }
        const auto shift = static_cast<unsigned>(63 - __builtin_clzll(value)) - kBits;
        const unsigned bucket = shift * kSub + static_cast<unsigned>(value >> shift);
        return bucket < kBuckets ? bucket : kBuckets - 1;
    }

    static std::uint64_t first_of(unsigned bucket) {
        if (bucket < 2 * kSub) {
            return bucket;
        }
        const unsigned shift = bucket / kSub - 1;
        return std::uint64_t{bucket % kSub + kSub} << shift;
    }

    std::uint64_t counts_[kBuckets] = {};
    std::uint64_t total_ = 0;
};

}  // namespace payload::bench
