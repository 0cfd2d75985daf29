#include "record/schema.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "record/tables.hpp"
#include "record_samples.hpp"

namespace stemma {
namespace {

std::string content_of(const std::string& path) {
    std::ifstream in(std::string(STEMMA_ROOT) + "/" + path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// STEMMA_UPDATE=1 writes the file anew.
void expect_same(const std::string& path, const std::string& generated) {
    if (std::getenv("STEMMA_UPDATE") != nullptr) std::ofstream(std::string(STEMMA_ROOT) + "/" + path) << generated;
    EXPECT_EQ(content_of(path), generated)
        << path << " is not what the schema says: STEMMA_UPDATE=1 unit_record writes it anew";
}

TEST(Schema, CheckedInFilesAreTheGeneratedOnes) {
    expect_same("docs/SCHEMA.md", record::schema_markdown());
    expect_same("analysis/stemma/schema.py", record::schema_python());
}

TEST(Schema, NamesAreUnique) {
    std::set<std::string_view> names;
    for (const auto& table : record::tables) {
        EXPECT_TRUE(names.insert(table.name).second) << table.name;
        std::set<std::string_view> columns;
        for (const auto& column : table.columns)
            EXPECT_TRUE(columns.insert(column.name).second) << table.name << " " << column.name;
    }
}

TEST(Schema, CommitsCountEveryOtherTableInOrder) {
    for (std::size_t i = 0; i + 1 < record::table_count; ++i) {
        EXPECT_EQ("/" + std::string(spec(record::Table::commits).columns[2 + i].name), record::tables[i].name);
    }
}

TEST(Schema, NumbersHaveNames) {
    EXPECT_EQ(record::name_in("INPUT_KINDS", 3), "report");
    EXPECT_EQ(record::name_in("EVENT_KINDS", 8), "new_best");
    EXPECT_EQ(record::name_in("EVENT_KINDS", 250), "250");
    EXPECT_EQ(record::enumeration_of(record::Table::leases, "source"), "SOURCE_KINDS");
    EXPECT_EQ(record::enumeration_of(record::Table::leases, "attempt"), "");
}

TEST(Schema, ClashingColumnsGetAnUnderscore) {
    const auto header = testing::sample_header();
    EXPECT_EQ(record::more_columns(record::Table::reports, header),
              (std::vector<std::string>{"valid_loss", "member_", "test_accuracy"}));
    EXPECT_EQ(record::more_columns(record::Table::members, header),
              (std::vector<std::string>{"lr", "layers", "optimizer", "time_"}));
    EXPECT_TRUE(record::more_columns(record::Table::leases, header).empty());
}

}  // namespace
}  // namespace stemma
