using System.Text;
using Entrepot.Server.Configuration;

namespace Entrepot.Tests.Server.Configuration;

/// <summary>The reference page is written from the schema. After a change that is meant, run this test once with ENTREPOT_APPROVE=1 and
/// review the difference.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public void The_reference_page_lists_every_setting_with_its_default_and_range()
    {
        var file = Path.Combine(RepositoryFiles.Root, "docs", "reference", "configuration.md");
        var page = File.ReadAllText(file);
        const string begin = "<!-- settings: written by a test from the schema -->\n", end = "<!-- end of settings -->";
        var head = page[..(page.IndexOf(begin, StringComparison.Ordinal) + begin.Length)];
        var tail = page[page.IndexOf(end, StringComparison.Ordinal)..];
        var expected = head + Table() + tail;
        if (Environment.GetEnvironmentVariable("ENTREPOT_APPROVE") == "1")
            File.WriteAllText(file, page = expected);
        page.ShouldBe(expected);
    }

    [Fact]
    public void The_example_on_the_page_is_read()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "reference", "configuration.md"));
        var start = page.IndexOf("```yaml\n", StringComparison.Ordinal) + "```yaml\n".Length;
        SettingsReader.Read(page[start..page.IndexOf("```", start, StringComparison.Ordinal)], "configuration.md").Errors.ShouldBeEmpty();
    }

    [Fact]
    public void The_errors_on_the_page_are_those_that_are_told()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "reference", "configuration.md"));
        var yaml = Block(page, "```yaml\n# wrong.yaml\n");
        var told = Block(page, "```text\n");
        string.Join('\n', SettingsReader.Read("# wrong.yaml\n" + yaml, "wrong.yaml").Errors).ShouldBe(told.TrimEnd());
    }

    private static string Block(string page, string open)
    {
        var start = page.IndexOf(open, StringComparison.Ordinal) + open.Length;
        return page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static string Table()
    {
        var table = new StringBuilder("\n| setting | default | allowed | what |\n| --- | --- | --- | --- |\n");
        foreach (var setting in SettingsSchema.All)
        {
            var allowed = setting.Expected.Replace("|", "\\|", StringComparison.Ordinal);
            table.Append($"| `{setting.Path}` | `{setting.Write(Settings.Default)}` | {allowed} | {setting.Help} |\n");
        }

        return table.Append('\n').ToString();
    }
}
