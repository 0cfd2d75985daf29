#include "scheduler/rung.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

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

// std::push_heap keeps the largest at the front: greater<> makes that the best (smallest objective, oldest member).
constexpr std::greater<> best_first{};
constexpr std::less<> worst_first{};

}  // namespace

void Rung::finish(MemberId member, double objective, std::vector<MemberId>& entered) {
    ++finished_;
    if (std::isfinite(objective)) {
        push(rest_, Item{objective, member, marks_.size()}, best_first);
        marks_.push_back(0);
    }
    auto size = finished_ / eta_;
    if (at_least_one_ && size == 0) size = 1;
    while (top_.size() < size && !rest_.empty()) move_best_of_rest_to_top(entered);
    if (!top_.empty() && !rest_.empty() && rest_.front() < top_.front()) {
        push_worst_of_top_out();
        move_best_of_rest_to_top(entered);
    }
}

void Rung::move_best_of_rest_to_top(std::vector<MemberId>& entered) {
    const auto item = pop(rest_, best_first);
    push(top_, item, worst_first);
    marks_[item.index] |= in_top;
    if ((marks_[item.index] & was_taken) != 0) return;
    push(candidates_, item, best_first);
    entered.push_back(item.member);
}

void Rung::push_worst_of_top_out() {
    const auto item = pop(top_, worst_first);
    marks_[item.index] &= static_cast<std::uint8_t>(~in_top);
    push(rest_, item, best_first);
}

bool Rung::has_candidate() {
    while (!candidates_.empty() && marks_[candidates_.front().index] != in_top) pop(candidates_, best_first);
    return !candidates_.empty();
}

std::optional<MemberId> Rung::take_best() {
    if (!has_candidate()) return std::nullopt;
    const auto item = pop(candidates_, best_first);
    marks_[item.index] |= was_taken;
    ++taken_;
    return item.member;
}

std::size_t Rung::memory_bytes() const {
    return marks_.capacity() + (rest_.capacity() + top_.capacity() + candidates_.capacity()) * sizeof(Item);
}

}  // namespace stemma
