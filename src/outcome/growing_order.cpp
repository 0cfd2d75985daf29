#include "outcome/growing_order.hpp"

#include <algorithm>

namespace stemma {

bool GrowingOrder::is_fresh(std::size_t need) const {
    return counted_ == candidates_.size() && (need <= asked_ || best_.size() < asked_);
}

std::span<const MemberId> GrowingOrder::best(std::size_t need, bool fresh) {
    const auto size = candidates_.size();
    const bool due = size <= always_fresh_up_to || size - counted_ >= size / 100;
    if ((fresh || due) && !is_fresh(need)) {
        best_.clear();
        for (const auto index : order_of(candidates_, need)) best_.push_back(candidates_[index].member);
        counted_ = size;
        asked_ = need;
    }
    return std::span<const MemberId>(best_).first(std::min(need, best_.size()));
}

}  // namespace stemma
