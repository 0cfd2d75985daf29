#pragma once
// The agenda of the virtual clock: small events, earliest first, in order of insertion among equals.

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace stemma {

enum class SimEvent : std::uint8_t {
    join,              ///< a new worker starts
    told,              ///< a message is at the worker; index = its slot
    training_ends,     ///< at the worker
    transfer_is_late,  ///< at the worker
    bulk_arrives,      ///< at the worker, from worker `index`; id = transfer
    persist_ends,      ///< at the worker; id = snapshot
    message_arrives,   ///< at the manager, from `worker`; index = message slot
    death,
    false_alarm,
    worker_lost,  ///< at the manager
    tick,         ///< at the manager
    script,       ///< at the manager; index into settings.script
    fit_done,     ///< at the manager; id = number of the fit
};

struct AgendaItem {
    double time = 0;
    std::uint64_t order_and_kind = 0;
    std::uint64_t id = 0;
    std::uint32_t worker = 0;
    std::uint32_t index = 0;

    SimEvent kind() const { return static_cast<SimEvent>(order_and_kind & 15U); }
    std::uint64_t order() const { return order_and_kind >> 4U; }
};

/// Messages that travel equally long are sent in order of their arrival: they wait in queues, and only what comes in
/// another order goes through the heap. O(1) for the first, O(log n) for the rest.
class EventHeap {
public:
    /// Returns the event's order: a number that no other event has.
    std::uint64_t push(SimEvent kind, double time, std::uint32_t worker, std::uint32_t index = 0,
                       std::uint64_t id = 0) {
        const auto order = next_++;
        const AgendaItem item{time, (order << 4U) | static_cast<std::uint64_t>(kind), id, worker, index};
        if (kind == SimEvent::told || kind == SimEvent::message_arrives) {
            auto& queue = queues_[kind == SimEvent::told ? 0 : 1];
            if (queue.empty() || queue.back().time <= time) {
                queue.push_back(item);
                return order;
            }
        }
        events_.push_back(item);
        std::push_heap(events_.begin(), events_.end(), Later{});
        return order;
    }
    AgendaItem pop() {
        std::deque<AgendaItem>* first = nullptr;
        for (auto& queue : queues_) {
            if (!queue.empty() && (first == nullptr || Later{}(first->front(), queue.front()))) first = &queue;
        }
        if (first != nullptr && (events_.empty() || Later{}(events_.front(), first->front()))) {
            const auto event = first->front();
            first->pop_front();
            return event;
        }
        std::pop_heap(events_.begin(), events_.end(), Later{});
        const auto event = events_.back();
        events_.pop_back();
        return event;
    }
    /// Hands likely next events to `look`: the first of each order. For prefetching.
    template <class Look>
    void peek(Look&& look) const {
        for (const auto& queue : queues_) {
            if (!queue.empty()) look(queue.front());
        }
        if (!events_.empty()) look(events_.front());
    }
    bool empty() const { return events_.empty() && queues_[0].empty() && queues_[1].empty(); }
    std::size_t memory_bytes() const {
        return (events_.capacity() + queues_[0].size() + queues_[1].size()) * sizeof(AgendaItem);
    }

private:
    struct Later {  // a type, not a function: it is inlined into the heap's loops
        bool operator()(const AgendaItem& a, const AgendaItem& b) const {
            return a.time != b.time ? a.time > b.time : a.order_and_kind > b.order_and_kind;
        }
    };
    std::vector<AgendaItem> events_;
    std::array<std::deque<AgendaItem>, 2> queues_;  ///< messages to workers, and to the manager; earliest first
    std::uint64_t next_ = 0;
};

/// Records that are reused: no allocation once the simulation has warmed up.
template <class T>
class Slab {
public:
    std::uint32_t add(T item) {
        if (free_.empty()) {
            items_.push_back(std::move(item));
            return static_cast<std::uint32_t>(items_.size() - 1);
        }
        const auto slot = free_.back();
        free_.pop_back();
        items_[slot] = std::move(item);
        return slot;
    }
    T take(std::uint32_t slot) {
        free_.push_back(slot);
        return std::move(items_[slot]);
    }
    const T& operator[](std::uint32_t slot) const { return items_[slot]; }
    std::size_t memory_bytes() const { return items_.capacity() * sizeof(T) + free_.capacity() * 4; }

private:
    std::vector<T> items_;
    std::vector<std::uint32_t> free_;
};

}  // namespace stemma
