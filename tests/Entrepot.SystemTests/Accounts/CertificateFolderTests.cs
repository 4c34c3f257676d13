namespace Entrepot.SystemTests.Accounts;

/// <summary>What <c>certificate create</c> leaves behind when it can't be done.</summary>
public sealed class CertificateFolderTests
{
    [Fact]
    public async Task A_folder_that_cannot_be_written_costs_no_name_and_a_refusal_leaves_no_key()
    {
        using var folder = new TestFolder();
        await using var node = await EntrepotProcess.StartAsync(folder["node"], "serve", "--roles", "origin");
        await File.WriteAllTextAsync(folder["file"], "in the way", TestContext.Current.CancellationToken);

        var hindered = await CreateAsync(folder["file"]);
        hindered.ExitCode.ShouldBe(10);
        hindered.Error.ShouldContain(folder["file"]);
        (await CreateAsync(folder["good"])).ShouldSucceed();

        var taken = await CreateAsync(folder["again"]);
        taken.ExitCode.ShouldBe(4, taken.Error);
        Directory.Exists(folder["again"]).ShouldBeFalse();

        var empty = await CreateAsync("");
        empty.ExitCode.ShouldBe(2, empty.Error);
        empty.Error.ShouldContain("--out");

        Task<CommandResult> CreateAsync(string place) => node.CommandAsync("certificate", "create", "ci", "--role", "viewer", "--out", place);
    }
}
