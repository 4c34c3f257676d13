using System.Text;
using CsCheck;
using Entrepot.Server.Changes;

namespace Entrepot.Tests.Server.Changes;

public sealed class DocumentDiffTests
{
    [Fact]
    public void A_change_is_shown_between_three_lines_on_both_sides()
        => DocumentDiff.Of("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nV\n6\n7\n8\n9\n").ShouldBe("--- current\n+++ proposed\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+V\n 6\n 7\n 8\n");

    [Theory]
    [InlineData("a\nb\n", "a\r\nb\r\n")]
    [InlineData("a\nb\n", "a\nb")]
    [InlineData("a\nb\n", "\ufeffa\nb\n")]
    public void What_no_line_shows_is_told(string before, string after)
        => DocumentDiff.Of(before, after).ShouldContain("line ends or the end of the document differ too");

    [Fact]
    public void Texts_of_which_nothing_is_alike_are_not_compared_for_hours()
    {
        var (one, two) = (new StringBuilder(), new StringBuilder());
        for (var i = 0; i < 100_000; i++)
        {
            one.Append('a').Append(i % 7).Append('\n');
            two.Append('b').Append(i % 5).Append('\n');
        }

        DocumentDiff.Of(one.ToString(), two.ToString()).ShouldContain("compare the documents themselves");
    }

    /// <summary>The lines with a blank or a minus are the text before, those with a blank or a plus the text after.</summary>
    [Fact]
    public void No_line_that_differs_is_left_out()
        => Gen.Select(Lines, Lines).Sample((before, after) =>
        {
            var lines = DocumentDiff.Of(string.Concat(before), string.Concat(after)).Split('\n').Skip(2).ToList();
            var (removed, added) = (lines.Count(static line => line.StartsWith('-')), lines.Count(static line => line.StartsWith('+')));
            (after.Length - before.Length).ShouldBe(added - removed);
            (removed + added == 0).ShouldBe(before.SequenceEqual(after));
        });

    private static readonly Gen<string[]> Lines = Gen.OneOf(Gen.Const("a\n"), Gen.Const("b\n"), Gen.Const("c: d\n"), Gen.Const("  e\n")).Array[1, 30];
}
