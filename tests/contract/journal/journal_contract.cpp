#include "contract/journal/journal_suite.hpp"
#include "record/hdf5/run_file.hpp"
#include "record/memory_journal.hpp"
#include "unit/record/scratch_file.hpp"

namespace stemma::testing {
namespace {

class InMemory {
public:
    record::Journal& make() { return journal_; }
    std::vector<record::Entry> committed() const { return {journal_.committed().begin(), journal_.committed().end()}; }

private:
    record::MemoryJournal journal_;
};

class InFile {
public:
    record::Journal& make() { return *(writer_ = record::RunFileWriter::create(file_, sample_header())); }
    std::vector<record::Entry> committed() const {
        std::vector<record::Entry> entries;
        record::RunFileReader(file_).entries([&](const record::Entry& entry) { entries.push_back(entry); });
        return entries;
    }

private:
    ScratchFolder folder_;
    std::filesystem::path file_ = folder_ / "run.h5";
    std::unique_ptr<record::RunFileWriter> writer_;
};

using Subjects = ::testing::Types<InMemory, InFile>;
INSTANTIATE_TYPED_TEST_SUITE_P(Journals, JournalSuite, Subjects);

}  // namespace
}  // namespace stemma::testing
