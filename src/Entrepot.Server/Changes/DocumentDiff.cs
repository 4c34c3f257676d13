using System.Globalization;
using DiffPlex;
using DiffPlex.Renderer;

namespace Entrepot.Server.Changes;

/// <summary>What two texts differ in, as a unified diff.</summary>
internal static class DocumentDiff
{
    /// <summary>Most lines that are compared one by one: the time to find the shortest difference grows with their square.</summary>
    private const int MaxLines = 8_000;

    private const int Context = 3;

    /// <summary>Compares.</summary>
    public static string Of(string before, string after)
    {
        var renderer = new UnidiffRenderer(Differ.Instance, Context);
        var (start, end) = Alike(before, after);
        var lines = Lines(before.AsSpan(start, before.Length - start - end)) + Lines(after.AsSpan(start, after.Length - start - end));
        var text = lines > MaxLines
            ? string.Create(CultureInfo.InvariantCulture, $"--- current\n+++ proposed\n(more than {MaxLines} lines differ; compare the documents themselves)\n")
            : renderer.Generate(Whole(before), Whole(after), "current", "proposed", false, false).ReplaceLineEndings("\n");
        // Lines are compared without their ends.
        return Ends(before) == Ends(after) ? text : $"{text}(line ends or the end of the document differ too)\n";
    }

    private static (int Start, int End) Alike(string before, string after)
    {
        var start = before.AsSpan().CommonPrefixLength(after);
        var most = Math.Min(before.Length, after.Length) - start;
        var end = 0;
        while (end < most && before[^(end + 1)] == after[^(end + 1)])
            end++;
        return (start, end);
    }

    /// <summary>Without the end of its last line, behind which the package sees one more, empty line.</summary>
    private static string Whole(string text) => text.EndsWith('\n') ? text[..^1] : text;

    private static int Lines(ReadOnlySpan<char> text) => text.Count('\n') + text.Count('\r');

    private static (bool Returns, bool Last, bool Mark) Ends(string text) => (text.Contains('\r', StringComparison.Ordinal), text.EndsWith('\n'), text.StartsWith('\ufeff'));
}
