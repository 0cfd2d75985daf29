#pragma once
// Counter-based random numbers (Philox4x32-10; Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// A draw is a function of its purpose, never of the order of events.

#include <Random123/philox.h>

#include <cstdint>
#include <limits>

namespace stemma {

/// What a stream of random numbers is for. The numbers are part of the record's meaning: never reuse or renumber them.
enum class Purpose : std::uint32_t {
    configuration = 1,  ///< a sampler's draw for a member
    bracket = 2,        ///< the scheduler's draw of a bracket for a member
    training = 3,       ///< seed of weights, dropout, ... inside a trainer
    data_order = 4,     ///< order of a data set's rows, index = epoch
    split = 5,          ///< train / validation / test split
    fault = 6,          ///< the simulator's faults and durations
    surface = 7,        ///< the simulator's learning curves
    exploit = 8,        ///< choice of a donor
    explore = 9,        ///< perturbation of hyperparameters
    scramble = 10,      ///< digital shift of a Sobol sequence
    test = 11,          ///< tests and fuzzers
};

/// A stream keyed by (seed, purpose, subject < 2^56, index < 2^32). Satisfies UniformRandomBitGenerator with 64-bit
/// results. Copyable. Two streams with the same key give the same numbers. Cost: about 10 ns a number.
class Stream {
public:
    using result_type = std::uint64_t;

    Stream(std::uint64_t seed, Purpose purpose, std::uint64_t subject = 0, std::uint64_t index = 0)
        : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)}},
          // Subject and index are mixed into 96 counter bits; the last 32 bits count the blocks of this stream.
          counter_{{static_cast<std::uint32_t>(subject),
                    static_cast<std::uint32_t>(subject >> 32U) ^ (static_cast<std::uint32_t>(purpose) << 24U),
                    static_cast<std::uint32_t>(index) ^ static_cast<std::uint32_t>(index >> 32U), 0}} {}

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    result_type operator()() {
        if (second_ready_) {
            second_ready_ = false;
            return second_;
        }
        const auto block = r123::Philox4x32{}(counter_, key_);
        ++counter_[3];
        second_ = (std::uint64_t{block[2]} << 32U) | block[3];
        second_ready_ = true;
        return (std::uint64_t{block[0]} << 32U) | block[1];
    }

    /// Uniform in [0, 1), 53 random bits.
    double uniform() { return static_cast<double>((*this)() >> 11U) * 0x1p-53; }
    /// Uniform in [low, high).
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// Uniform in {0, .., bound - 1}; bound > 0. Without bias (Lemire's multiplication with rejection).
    std::uint64_t below(std::uint64_t bound);
    /// Standard normal (Box-Muller). The same on every platform whose libm rounds alike.
    double normal();

private:
    r123::Philox4x32::key_type key_;
    r123::Philox4x32::ctr_type counter_;
    std::uint64_t second_ = 0;
    bool second_ready_ = false;
};

/// A 64-bit seed for another library's generator (torch, NumPy). Depends on the key alone.
inline std::uint64_t derive_seed(std::uint64_t seed, Purpose purpose, std::uint64_t subject, std::uint64_t index = 0) {
    return Stream(seed, purpose, subject, index)();
}

}  // namespace stemma
