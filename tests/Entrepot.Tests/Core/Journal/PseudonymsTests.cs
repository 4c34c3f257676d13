using Entrepot.Core.Journal;

namespace Entrepot.Tests.Core.Journal;

public sealed class PseudonymsTests
{
    private static readonly JournalEntry Entry = new(JournalSample.Start, "user:ann@10.0.0.7", "user.invite", "ann", """{"user":"user:bob","address":"10.0.0.9","why":"new","list":["token:x",1,null]}""")
    {
        Sequence = 7, Before = "user:carl", After = """{"at":"::1","by":"ann","n":2}""",
    };

    [Fact]
    public void What_is_covered_is_known_again_without_the_key()
    {
        using var pseudonyms = new Pseudonyms([1, 2, 3]);
        var covered = pseudonyms.Cover(Entry, out _, out _);

        covered.Subject.ShouldStartWith("pseudonym:");
        covered.Details.ShouldNotContain("bob");
        Pseudonyms.IsCoverOf(Entry, covered).ShouldBeTrue();
        Pseudonyms.IsCoverOf(Entry, Entry).ShouldBeTrue();
        Pseudonyms.IsCoverOf(covered, covered).ShouldBeTrue();
        Pseudonyms.IsCoverOf(covered, Entry).ShouldBeFalse("who is named once is not named again");
    }

    [Fact]
    public void Whatever_else_is_changed_is_no_cover()
    {
        using var pseudonyms = new Pseudonyms([1, 2, 3]);
        var covered = pseudonyms.Cover(Entry, out _, out _);
        var one = pseudonyms.Of("x");

        JournalEntry[] others =
        [
            covered with { By = covered.By with { Who = "user:eve" } }, covered with { By = covered.By with { Who = "pseudonym:eve" } }, covered with { By = covered.By with { From = "" } },
            covered with { Subject = "" }, covered with { Subject = "bob" }, covered with { Details = "" }, covered with { Details = "{}" },
            covered with { Details = covered.Details.Replace("\"new\"", $"\"{one}\"", StringComparison.Ordinal) }, covered with { Details = covered.Details.Replace("1,null", "2,null", StringComparison.Ordinal) },
            covered with { Details = covered.Details.Replace("\"why\"", "\"who\"", StringComparison.Ordinal) }, covered with { Details = one }, covered with { Before = null }, covered with { After = one },
            covered with { After = covered.After!.Replace(":2", ":3", StringComparison.Ordinal) }, covered with { Sequence = 8 }, covered with { Action = "user.remove" },
        ];
        others.ShouldAllBe(static other => !Pseudonyms.IsCoverOf(Entry, other));
    }

    [Theory]
    [InlineData("thing-1", "pseudonym:0123456789abcdef")]
    [InlineData("""{"a":"b","a":"c"}""", """{"a":"b","a":"d"}""")]
    public void What_names_nobody_is_not_covered(string subject, string covered)
        => Pseudonyms.IsCoverOf(Entry with { Subject = "s", Details = subject }, Entry with { Subject = "s", Details = covered }).ShouldBeFalse();
}
