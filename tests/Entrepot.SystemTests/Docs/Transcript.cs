using System.Text.RegularExpressions;

namespace Entrepot.SystemTests.Docs;

/// <summary>A command that a page shows, and what the page says it prints.</summary>
/// <param name="Command">The shell line after <c>$ </c>.</param>
/// <param name="Shown">The lines below it.</param>
/// <param name="Place">Page and line, for messages.</param>
internal sealed record Step(string Command, IReadOnlyList<string> Shown, string Place)
{
    /// <summary>Who types it, where the page says so: <c>jane$ </c>; else empty.</summary>
    public string Who { get; init; } = "";
}

/// <summary>Reads the transcripts of a page and compares them with what really happens.</summary>
internal static partial class Transcript
{
    private const string Here = "<<'END'";

    /// <summary>The commands of a page's code blocks, in order.</summary>
    /// <param name="file">The page.</param>
    /// <param name="files">True to take a YAML block that begins with <c># NAME</c> as the order to write that file.</param>
    public static IReadOnlyList<Step> Read(string file, bool files = false)
    {
        var steps = new List<Step>();
        var shown = new List<string>();
        var fenced = false;
        var yaml = false;
        var number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (files && yaml && shown.Count > 1 && Name().Match(shown[0]) is { Success: true } name)
                    steps.Add(new Step($"cat > {name.Groups[1].Value} {Here}\n{string.Join('\n', shown.Skip(1))}\nEND", [], $"{Path.GetFileName(file)}:{number}"));
                fenced = !fenced;
                yaml = fenced && line == "```yaml";
                shown = [];
            }
            else if (yaml)
            {
                shown.Add(line);
            }
            else if (fenced && steps.Count > 0 && shown.Count == 0 && !steps[^1].Command.Contains(Here) && IsOpen(steps[^1].Command))
            {
                steps[^1] = steps[^1] with { Command = $"{steps[^1].Command}\n{line}" };
            }
            else if (fenced && Prompt().Match(line) is { Success: true } prompt)
            {
                shown = [];
                steps.Add(new Step(Comment().Replace(line[prompt.Length..], ""), shown, $"{Path.GetFileName(file)}:{number}") { Who = prompt.Groups[1].Value });
            }
            else if (fenced)
            {
                shown.Add(line);
            }
        }

        return steps;
    }

    /// <summary>Every line that the page shows must be printed, in the page's order; more may be printed in between. Numbers, digests, times and
    /// the width of columns are those of another day: any will do. <c>…</c> stands for whatever was cut.</summary>
    public static void ShouldHappen(this Step step, string output)
        => step.Missing(output).ShouldBeNull($"{step.Place} shows a line that $ {step.Command}\ndoes not print there, but\n{output}");

    /// <summary>As <see cref="ShouldHappen"/>, for what may become true later.</summary>
    public static bool Happens(this Step step, string output) => step.Missing(output) is null;

    /// <summary>The first line that the page shows and that was not printed.</summary>
    private static string? Missing(this Step step, string output)
    {
        var printed = output.Split('\n').Select(static line => Normalise(line)).ToList();
        var at = 0;
        foreach (var shown in step.Shown.Where(static line => line.Trim() is not ("" or "…")))
        {
            var pattern = "^" + Regex.Escape(Normalise(shown)).Replace(@"\ …", "…", StringComparison.Ordinal).Replace("…", ".*", StringComparison.Ordinal) + "$";
            var found = printed.FindIndex(at, line => Regex.IsMatch(line, pattern));
            if (found < 0)
                return shown;
            at = found + 1;
        }

        return null;
    }

    /// <summary>True while a quote of the command is not closed: then it goes on in the next line.</summary>
    private static bool IsOpen(string command)
    {
        var quote = '\0';
        for (var i = 0; i < command.Length; i++)
        {
            if (command[i] == '\\' && quote != '\'')
                i++;
            else if (quote == '\0' && command[i] is '"' or '\'')
                quote = command[i];
            else if (command[i] == quote)
                quote = '\0';
        }

        return quote != '\0';
    }

    private static string Normalise(string line)
    {
        line = Folder().Replace(line, "FOLDER");
        line = Digest().Replace(line, "DIGEST");
        line = Unit().Replace(line, "UNIT");
        line = Number().Replace(line, "N");
        line = Choice().Replace(line, "is a choice of pool");
        line = Zone().Replace(line, "DATE");
        return Spaces().Replace(line, " ").Trim();
    }

    [GeneratedRegex(@"^# ([\w.-]+)$")]
    private static partial Regex Name();

    [GeneratedRegex(@"^([a-z]*)\$ ")]
    private static partial Regex Prompt();

    [GeneratedRegex(@"\s+# .*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<![\w/])/(home|tmp)/\S*")]
    private static partial Regex Folder();

    [GeneratedRegex(@"sha256:[0-9a-f]+…?|sha-256=:[A-Za-z0-9+/=]+:|\b[0-9a-f]{32,64}\b")]
    private static partial Regex Digest();

    [GeneratedRegex(@"\b(B|[KMGT]iB)(/s)?(?![\w])")]
    private static partial Regex Unit();

    [GeneratedRegex(@"\d+([.,]\d+)*")]
    private static partial Regex Number();

    /// <summary>Which port of the pool is free is the machine's business.</summary>
    [GeneratedRegex(@"is (the first choice|choice N) of pool")]
    private static partial Regex Choice();

    [GeneratedRegex(@"\w{3}, N \w{3} N N:N:N GMT")]
    private static partial Regex Zone();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
