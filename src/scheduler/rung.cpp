#include "scheduler/rung.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/error.hpp"

namespace stemma {

namespace {

template <class Items, class Order>
auto pop(Items& heap, Order order) {
    std::pop_heap(heap.begin(), heap.end(), order);
    const auto item = heap.back();
    heap.pop_back();
    return item;
}

template <class Items, class Item, class Order>
void push(Items& heap, const Item& item, Order order) {
    heap.push_back(item);
    std::push_heap(heap.begin(), heap.end(), order);
}

// std::push_heap keeps the largest at the front. greater<> makes that the best (smallest objective, oldest member).
constexpr std::greater<> best_first{};
constexpr std::less<> worst_first{};

}  // namespace

void Rung::finish(MemberId member, double objective, std::vector<Entrant>& entered) {
    ensure(member.value < std::numeric_limits<std::uint32_t>::max(), "a search has fewer than 2^32 - 1 members");
    ++finished_;
    if (std::isfinite(objective)) {
        const auto index = static_cast<std::uint32_t>(marks_.size());
        push(rest_, Item{objective, static_cast<std::uint32_t>(member.value), index}, best_first);
        marks_.push_back(0);
    }
    while (top_.size() < top_size() && !rest_.empty()) move_best_of_rest_to_top(entered);
    if (!top_.empty() && !rest_.empty() && rest_.front() < top_.front()) {
        move_worst_of_top_to_rest();
        move_best_of_rest_to_top(entered);
    }
    prune();
}

void Rung::move_best_of_rest_to_top(std::vector<Entrant>& entered) {
    const auto item = pop(rest_, best_first);
    push(top_, item, worst_first);
    marks_[item.index] |= in_top;
    if ((marks_[item.index] & was_taken) != 0) return;
    push(candidates_, item, best_first);
    entered.push_back({{item.member}, item.objective});
}

void Rung::move_worst_of_top_to_rest() {
    const auto item = pop(top_, worst_first);
    marks_[item.index] &= static_cast<std::uint8_t>(~in_top);
    push(rest_, item, best_first);
}

void Rung::prune() {
    const auto stale = [&](const Item& item) {
        return marks_[item.index] != in_top || withdrawn_.contains(item.member);
    };
    while (!candidates_.empty() && stale(candidates_.front())) pop(candidates_, best_first);
}

std::optional<MemberId> Rung::take_best() {
    if (candidates_.empty()) return std::nullopt;
    const auto item = pop(candidates_, best_first);
    marks_[item.index] |= was_taken;
    prune();
    return MemberId{item.member};
}

void Rung::withdraw(MemberId member) {
    withdrawn_.insert(static_cast<std::uint32_t>(member.value));
    prune();
}

std::size_t Rung::memory_bytes() const {
    return marks_.capacity() + (rest_.capacity() + top_.capacity() + candidates_.capacity()) * sizeof(Item);
}

}  // namespace stemma
