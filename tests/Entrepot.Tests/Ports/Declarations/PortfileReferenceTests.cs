using System.Globalization;
using System.Text;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Declarations.Reading;
using Entrepot.Tests.Server.Configuration;

namespace Entrepot.Tests.Ports.Declarations;

/// <summary>The tables of the reference page are written from the reader's keys. After a change that is meant, run this test once with
/// ENTREPOT_APPROVE=1 and review the difference.</summary>
public sealed class PortfileReferenceTests
{
    private static readonly string Page = Path.Combine(RepositoryFiles.Root, "docs", "reference", "portfile.md");

    [Fact]
    public void The_reference_page_lists_every_key_with_its_default_and_range_and_every_limit()
    {
        var page = File.ReadAllText(Page);
        var expected = Between(page, "<!-- keys: written by a test from the reader's own table -->\n", "<!-- end of keys -->", Keys());
        expected = Between(expected, "<!-- limits: written by a test from the program -->\n", "<!-- end of limits -->", Limits());
        expected = Between(expected, "testing, expires: 2027-02-30}\n```\n\n```text\n", "```\n\n- **Warnings**", Told(expected));
        if (Environment.GetEnvironmentVariable("ENTREPOT_APPROVE") == "1")
            File.WriteAllText(Page, page = expected);
        page.ShouldBe(expected);
    }

    [Fact]
    public void The_first_example_on_the_page_holds_no_error_and_no_warning()
    {
        var result = PortfileReader.Read(Block(File.ReadAllText(Page), "```yaml\n"), "portfile.md");
        result.Errors.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
    }

    private static string Told(string page)
        => string.Concat(PortfileReader.Read("# wrong.yaml\n" + Block(page, "```yaml\n# wrong.yaml\n"), "wrong.yaml").Errors.Select(static error => error + "\n"));

    private static string Block(string page, string open)
    {
        var start = page.IndexOf(open, StringComparison.Ordinal) + open.Length;
        return page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static string Between(string page, string begin, string end, string text)
    {
        var start = page.IndexOf(begin, StringComparison.Ordinal);
        start.ShouldBeGreaterThan(0, begin);
        start += begin.Length;
        return page[..start] + text + page[page.IndexOf(end, start, StringComparison.Ordinal)..];
    }

    private static string Keys()
    {
        var text = new StringBuilder();
        foreach (var group in PortfileSchemaTests.Groups())
        {
            text.Append($"\n### {group.Name}\n\n| key | default | allowed | what |\n| --- | --- | --- | --- |\n");
            foreach (var key in group.Keys)
            {
                var otherwise = key.Required ? "required" : key.Default is { } value ? $"`{value}`" : "none";
                text.Append($"| `{key.Name}` | {otherwise} | {key.Shape.Expected} | {key.Help} |\n");
            }

            if (group.AnyOf.Count > 0)
                text.Append($"\nAt least one of {Names(group.AnyOf)}.\n");
            if (group.NotBoth.Count > 0)
                text.Append($"\nNever together: {string.Join("; ", group.NotBoth.Select(static pair => $"`{pair.One.Name}` and `{pair.Other.Name}`"))}.\n");
        }

        return text.Append('\n').ToString();
    }

    private static string Limits()
        => "\n| what | most |\n| --- | --- |\n" + string.Concat(typeof(PortfileLimits).GetFields()
            .Select(static limit => string.Create(CultureInfo.InvariantCulture, $"| {Words(limit.Name)} | {limit.GetRawConstantValue():N0} |\n"))) + "\n";

    private static string Words(string name) => name switch
    {
        nameof(PortfileLimits.Length) => "characters of a file",
        nameof(PortfileLimits.Connections) => "`connections`, `connectionsPerSource`",
        _ => string.Concat(name.Select(static (c, i) => char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}")),
    };

    private static string Names(IEnumerable<Key> keys) => string.Join(", ", keys.Select(static key => $"`{key.Name}`"));
}
