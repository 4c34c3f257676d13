using System.Reflection;
using System.Text.RegularExpressions;

namespace Entrepot.Tests;

/// <summary>The dependency rules of docs/architecture.md.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Root = FindRoot();

    [Theory]
    [InlineData("Entrepot.Core", "")]
    [InlineData("Entrepot.Mirror", "Entrepot.Core")]
    [InlineData("Entrepot.Ports", "Entrepot.Core")]
    [InlineData("Entrepot.Trust", "Entrepot.Core")]
    [InlineData("Entrepot.Server", "Entrepot.Core,Entrepot.Mirror,Entrepot.Ports,Entrepot.Trust")]
    public void A_project_knows_only_those_below_it(string assembly, string allowed)
    {
        var known = Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => name.StartsWith("Entrepot.", StringComparison.Ordinal));
        known.Except(allowed.Split(',')).ShouldBeEmpty();
    }

    [Fact]
    public void Bytes_doors_and_trust_do_not_know_the_web_framework()
    {
        foreach (var assembly in new[] { "Entrepot.Core", "Entrepot.Mirror", "Entrepot.Ports", "Entrepot.Trust" })
            Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!)
                .Where(name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)).ShouldBeEmpty(assembly);
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        var wrong = from file in SourceFiles()
                    let parts = Path.GetRelativePath(Path.Combine(Root, "src"), file).Split(Path.DirectorySeparatorChar)
                    let project = parts[0] == "Entrepot" ? "Entrepot.Cli" : parts[0]
                    let expected = string.Join('.', parts[1..^1].Prepend(project))
                    let declared = Namespace().Match(File.ReadAllText(file)).Groups[1].Value
                    where declared != "" && declared != expected
                    select $"{file}: {declared}, expected {expected}";
        wrong.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(@"\[(DllImport|LibraryImport)\b", "Entrepot.Core/Kernel/")]
    [InlineData(@"\bunsafe\b\s*(\{|class|struct|static|void)", "Entrepot.Lane/")]
    [InlineData(@"\bProcess\.Start\(|new ProcessStartInfo", "Entrepot.Core/Kernel/")]
    [InlineData(@"new SqliteConnection\(", "Entrepot.Core/State/")]
    [InlineData(@"\bDirectory\.CreateDirectory\(", "Entrepot.Core/Kernel/")]  // nobody else flushes the parent
    public void Each_danger_has_one_door(string pattern, string door)
    {
        var through = SourceFiles().Where(file => Regex.IsMatch(File.ReadAllText(file), pattern))
            .Select(file => Path.GetRelativePath(Path.Combine(Root, "src"), file).Replace('\\', '/'));
        through.Where(file => !file.StartsWith(door, StringComparison.Ordinal)).ShouldBeEmpty(pattern);
    }

    [Fact]
    public void Files_stay_small()
        => SourceFiles().Where(file => File.ReadLines(file).Count() > 400).Select(file => Path.GetRelativePath(Root, file)).ShouldBeEmpty();

    private static IEnumerable<string> SourceFiles()
        => Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories);

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Entrepot.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the source tree.");
        return folder;
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
