#include "transport/loopback.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "core/error.hpp"
#include "transport/messages.hpp"

namespace stemma {
namespace {

/// A snapshot offered by its sender. The memory is shared, and the receiver makes its own copy.
struct Offer {
    int from = 0;
    TransferId transfer;
    std::shared_ptr<const Bytes> content;
};
struct OfferWithdrawn {
    int from = 0;
    TransferId transfer;
};
/// To the sender: the receiver has its copy.
struct OfferTaken {
    TransferId transfer;
};
using Letter = std::variant<FramesArrived, Offer, OfferWithdrawn, OfferTaken>;

struct Mailbox {
    std::mutex mutex;
    std::deque<Letter> letters;
    Wakeup wakeup;
};

class LoopbackEndpoint final : public Endpoint {
public:
    LoopbackEndpoint(int rank, std::shared_ptr<std::vector<Mailbox>> mailboxes)
        : rank_(rank), mailboxes_(std::move(mailboxes)) {}

    int rank() const override { return rank_; }
    int size() const override { return static_cast<int>(mailboxes_->size()); }

    void send(int to, Bytes frames) override {
        ensure(frames.size() <= message::frame_bytes_max, "a block of frames is too long");
        post(to, FramesArrived{rank_, std::move(frames)});
    }
    void send_bulk(int to, TransferId transfer, std::shared_ptr<const Bytes> content) override {
        ensure(sending_.emplace(transfer, to).second, "a transfer is sent twice");
        post(to, Offer{rank_, transfer, std::move(content)});
    }
    void receive_bulk(int from, TransferId transfer, std::uint64_t bytes) override {
        ensure(receiving_.emplace(transfer, Expected{from, bytes}).second, "a transfer is received twice");
        match(transfer);
    }
    void abandon_bulk(TransferId transfer) override {
        receiving_.erase(transfer);
        std::erase_if(arrivals_, [transfer](const Arrival& arrival) { return is_about(arrival, transfer); });
        if (const auto found = sending_.find(transfer); found != sending_.end()) {
            post(found->second, OfferWithdrawn{rank_, transfer});
            sending_.erase(found);
        }
    }
    std::optional<Arrival> poll() override {
        while (arrivals_.empty() && take_letters()) {
        }
        std::optional<Arrival> arrival;
        if (arrivals_.empty()) return arrival;
        arrival.emplace(std::move(arrivals_.front()));
        arrivals_.pop_front();
        return arrival;
    }
    bool moving() const override { return false; }  // the receiver copies at once
    bool idle() const override { return sending_.empty(); }
    Wakeup& wakeup() override { return (*mailboxes_)[static_cast<std::size_t>(rank_)].wakeup; }
    bool all_wake() const override { return true; }

private:
    struct Expected {
        int from = 0;
        std::uint64_t bytes = 0;
    };

    void post(int to, Letter letter) {
        ensure(to >= 0 && to < size() && to != rank_, "a message to a rank that is not there");
        auto& box = (*mailboxes_)[static_cast<std::size_t>(to)];
        {
            const std::lock_guard lock(box.mutex);
            box.letters.push_back(std::move(letter));
        }
        box.wakeup.wake();
    }

    bool take_letters() {
        std::deque<Letter> letters;
        {
            auto& box = (*mailboxes_)[static_cast<std::size_t>(rank_)];
            const std::lock_guard lock(box.mutex);
            letters.swap(box.letters);
        }
        for (auto& letter : letters) std::visit([this](auto& l) { open(l); }, letter);
        return !letters.empty();
    }

    void open(FramesArrived& frames) { arrivals_.emplace_back(std::move(frames)); }
    void open(Offer& offer) {
        const auto transfer = offer.transfer;
        offers_.insert_or_assign(transfer, std::move(offer));
        match(transfer);
    }
    void open(const OfferWithdrawn& offer) { offers_.erase(offer.transfer); }
    void open(const OfferTaken& taken) {
        // The receiver may have taken a transfer before it learned that the transfer was abandoned.
        if (sending_.erase(taken.transfer) > 0) arrivals_.emplace_back(BulkSent{taken.transfer});
    }

    void match(TransferId transfer) {
        const auto expected = receiving_.find(transfer);
        const auto offer = offers_.find(transfer);
        if (expected == receiving_.end() || offer == offers_.end()) return;
        const auto& content = *offer->second.content;
        ensure(offer->second.from == expected->second.from, "a transfer comes from another rank than expected");
        ensure(content.empty() || content.size() == expected->second.bytes, "a transfer has not the promised size");
        arrivals_.emplace_back(BulkArrived{transfer, content});
        post(offer->second.from, OfferTaken{transfer});
        receiving_.erase(expected);
        offers_.erase(offer);
    }

    int rank_;
    std::shared_ptr<std::vector<Mailbox>> mailboxes_;
    std::deque<Arrival> arrivals_;
    std::map<TransferId, int> sending_;
    std::map<TransferId, Expected> receiving_;
    std::map<TransferId, Offer> offers_;
};

}  // namespace

std::vector<std::unique_ptr<Endpoint>> make_loopback(int ranks) {
    ensure(ranks > 0, "loopback: at least one rank");
    auto mailboxes = std::make_shared<std::vector<Mailbox>>(static_cast<std::size_t>(ranks));
    std::vector<std::unique_ptr<Endpoint>> endpoints;
    for (int rank = 0; rank < ranks; ++rank) endpoints.push_back(std::make_unique<LoopbackEndpoint>(rank, mailboxes));
    return endpoints;
}

}  // namespace stemma
