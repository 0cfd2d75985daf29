#pragma once
// A flat hash table by id, for many small records that come and go. It cannot be iterated: no decision may depend on
// the order of a hash table.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/ids.hpp"

namespace stemma {

/// Open addressing with linear probing, at most three quarters full. Records move when the table grows and when another
/// one is erased: a pointer is valid until the next change. T must be default-constructible and movable. All calls are
/// O(1) on average. Memory: sizeof(T) + 8 bytes for each of 1.3 to 2.7 times the records; an empty table has none.
template <class Key, class T>
class IdMap {
public:
    T* find(Key key) {
        const auto place = place_of(key);
        return place == nowhere ? nullptr : &slots_[place].value;
    }
    const T* find(Key key) const {
        const auto place = place_of(key);
        return place == nowhere ? nullptr : &slots_[place].value;
    }

    /// The record of `key`, which must exist as an id. A new one is T{}.
    T& operator[](Key key) {
        ensure(key.exists(), "a record has an id");
        if (4 * (size_ + 1) > 3 * slots_.size()) grow();
        auto place = home(key);
        while (slots_[place].key.exists()) {
            if (slots_[place].key == key) return slots_[place].value;
            place = next(place);
        }
        ++size_;
        slots_[place].key = key;
        return slots_[place].value;
    }

    /// True if there was one.
    bool erase(Key key) {
        auto hole = place_of(key);
        if (hole == nowhere) return false;
        // Records behind the hole move up, unless that is before their home.
        for (auto place = next(hole); slots_[place].key.exists(); place = next(place)) {
            const auto from_home = (place - home(slots_[place].key)) & mask();
            const auto from_hole = (place - hole) & mask();
            if (from_home < from_hole) continue;
            slots_[hole] = std::move(slots_[place]);
            hole = place;
        }
        slots_[hole] = {};
        --size_;
        return true;
    }

    /// The record of `key` is looked for or made soon: its memory comes into the caches meanwhile.
    void prefetch(Key key) const {
        if (!slots_.empty()) __builtin_prefetch(&slots_[home(key)]);
    }

    std::size_t size() const { return size_; }
    std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

private:
    struct Slot {
        Key key = Key::none();
        T value{};
    };
    static constexpr std::size_t nowhere = ~std::size_t{0};

    std::size_t mask() const { return slots_.size() - 1; }
    std::size_t next(std::size_t place) const { return (place + 1) & mask(); }
    /// Fibonacci hashing: ids count up, often in steps.
    std::size_t home(Key key) const { return (key.value * 0x9E3779B97F4A7C15U) >> shift_; }

    std::size_t place_of(Key key) const {
        if (size_ == 0) return nowhere;
        for (auto place = home(key); slots_[place].key.exists(); place = next(place)) {
            if (slots_[place].key == key) return place;
        }
        return nowhere;
    }

    void grow() {
        std::vector<Slot> before(slots_.empty() ? 8 : 2 * slots_.size());
        before.swap(slots_);
        shift_ = 64;
        for (auto size = slots_.size(); size > 1; size /= 2) --shift_;
        for (auto& slot : before) {
            if (!slot.key.exists()) continue;
            auto place = home(slot.key);
            while (slots_[place].key.exists()) place = next(place);
            slots_[place] = std::move(slot);
        }
    }

    std::vector<Slot> slots_;  ///< a power of two of them
    std::size_t size_ = 0;
    unsigned shift_ = 64;  ///< bits of the product that are not the place
};

}  // namespace stemma
