#pragma once
// A vector that grows by chunks: no record moves, and less than a chunk of memory is unused.

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace stemma {

/// push_back() and operator[] are O(1). References stay valid. A std::vector of 10^6 records moves all of them each
/// time it doubles, and then has up to half of its memory unused.
template <class T>
class Chunked {
public:
    static constexpr std::size_t chunk = 512;

    T& push_back(T item) {
        if (size_ % chunk == 0) chunks_.push_back(std::make_unique<T[]>(chunk));
        auto& place = (*this)[size_++];
        place = std::move(item);
        return place;
    }
    T& operator[](std::size_t index) { return chunks_[index / chunk][index % chunk]; }
    const T& operator[](std::size_t index) const { return chunks_[index / chunk][index % chunk]; }
    std::size_t size() const { return size_; }
    std::size_t memory_bytes() const { return chunks_.size() * chunk * sizeof(T) + chunks_.capacity() * sizeof(T*); }

private:
    std::vector<std::unique_ptr<T[]>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace stemma
