#include "record/journal.hpp"

namespace stemma::record {

namespace {

class NullJournal : public Journal {
public:
    void append(const Input&, std::span<const Effect>) override {}
    void commit() override {}
    std::function<void()> sync_work() override { return {}; }
};

}  // namespace

std::unique_ptr<Journal> null_journal() { return std::make_unique<NullJournal>(); }

}  // namespace stemma::record
