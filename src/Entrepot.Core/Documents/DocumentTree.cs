using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace Entrepot.Core.Documents;

/// <summary>Reads YAML into <see cref="DocumentNode"/>s from the parser's events: the package's own document model stops at the
/// first key that is there twice, and here every error is told at once.</summary>
public static class DocumentTree
{
    /// <summary>Longest text in characters.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Deepest nesting; the settings need five levels.</summary>
    public const int MaxDepth = 16;

    /// <summary>Reads one document.</summary>
    /// <returns>The root, or null with the one error that stopped the parser.</returns>
    public static DocumentNode? Parse(string text, string file, out DocumentError? error)
    {
        error = null;
        if (text.Length > MaxLength)
        {
            error = new DocumentError(file, 1, 1, $"the file is longer than {MaxLength} characters");
            return null;
        }

        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _))
                return new DocumentMap(1, 1, []);
            parser.Consume<DocumentStart>();
            var root = Node(parser, 0);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out var second))
                throw new RefusedException((int)second.Start.Line, (int)second.Start.Column, "a second document begins here; the file may hold only one");
            return root;
        }
        catch (RefusedException refused)
        {
            error = new DocumentError(file, refused.Line, refused.Column, refused.Message);
            return null;
        }
        catch (YamlException problem)
        {
            error = TabAt(text, problem) is var (line, column)
                ? new DocumentError(file, line, column, "this is not YAML: a tab indents this line; YAML indents by blanks only")
                : At(problem.Start, Reword(problem));
            return null;
        }
        catch (Exception problem) when (problem is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The package trips over some malformed text (a NUL after '{', for one) where it should report it.
            error = At(parser.Current?.End ?? Mark.Empty, "this is not YAML: something behind this place can't be understood");
            return null;
        }

        DocumentError At(Mark mark, string message) => new(file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column), message);
    }

    private static DocumentNode Node(Parser parser, int depth)
    {
        var current = parser.Current!;
        if (depth > MaxDepth)
            throw Refuse(current, $"the nesting is deeper than {MaxDepth} levels");
        if (current is AnchorAlias || current is NodeEvent { Anchor.IsEmpty: false })
            throw Refuse(current, "anchors and aliases (& and *) are not read here; write the value out");
        if (current is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } tag })
            throw Refuse(current, $"the tag {tag.Value} is not read here; write the plain value");

        var (line, column) = ((int)current.Start.Line, (int)current.Start.Column);
        if (parser.TryConsume<YamlScalar>(out var scalar))
            return new DocumentScalar(line, column, scalar.Value, scalar.Style == ScalarStyle.Plain);
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var items = new List<DocumentNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                items.Add(Node(parser, depth + 1));
            return new DocumentList(line, column, items);
        }

        parser.Consume<MappingStart>();
        var entries = new List<DocumentEntry>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = Node(parser, depth + 1);
            if (key is not DocumentScalar name)
                throw new RefusedException(key.Line, key.Column, $"{key.Describe} stands where a key is expected");
            entries.Add(new DocumentEntry(name, Node(parser, depth + 1)));
        }

        return new DocumentMap(line, column, entries);
    }

    private static RefusedException Refuse(ParsingEvent at, string message) => new((int)at.Start.Line, (int)at.Start.Column, message);

    /// <summary>Where a tab indents a line, when that is what the parser stumbled over: it tells where the mapping began instead.</summary>
    private static (int Line, int Column)? TabAt(string text, YamlException problem)
    {
        if (!problem.Message.Contains("tab", StringComparison.OrdinalIgnoreCase))
            return null;
        var lines = text.Split('\n');
        for (var line = (int)Math.Max(1, Math.Max(problem.Start.Line, problem.End.Line)); line <= lines.Length; line++)
        {
            var indent = lines[line - 1].AsSpan()[..^lines[line - 1].AsSpan().TrimStart(" \t").Length];
            if (indent.IndexOf('\t') is var tab and >= 0)
                return (line, tab + 1);
        }

        return null;
    }

    private static string Reword(YamlException problem)
    {
        var message = problem.Message;
        return "this is not YAML: " + char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.');
    }

    /// <summary>Well-formed YAML that settings may not use.</summary>
    private sealed class RefusedException(int line, int column, string message) : Exception(message)
    {
        public int Line => line;

        public int Column => column;
    }
}
