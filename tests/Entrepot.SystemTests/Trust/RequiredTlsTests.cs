namespace Entrepot.SystemTests.Trust;

/// <summary>A node that serves no clear text, with certificates of its own authority, and the commands that talk to it.</summary>
public sealed class RequiredTlsTests
{
    [Fact]
    public async Task Commands_believe_the_networks_authority_where_they_find_it_or_are_told()
    {
        Command.Require("curl");
        using var folder = new TestFolder();
        await using var node = await EntrepotProcess.StartWithAsync(
            EntrepotProcess.AnyPorts + "\ntls: {mode: required}\n", folder["node"], "serve", "--roles", "origin,scheduler,edge");
        var file = folder["disk.img"];
        var digest = TestFolder.WriteRandom(file, 3L << 20, 11);
        var metadata = node.Url("metadata").GetLeftPart(UriPartial.Authority);
        metadata.ShouldStartWith("https://");

        (await node.CommandAsync("mirror", "create", "images")).ShouldSucceed();
        (await node.CommandAsync("push", file, "images/disk.img")).ShouldSucceed();
        (await node.CommandAsync("pull", "images/disk.img", "-o", folder["got.img"])).ShouldSucceed();
        TestFolder.HashOf(folder["got.img"]).ShouldBe(digest);

        var authority = (await node.CommandAsync("ca", "show", "--pem")).ShouldSucceed().Output;
        await File.WriteAllTextAsync(folder["ca.pem"], authority);
        (await Command.RunAsync("curl", "-fsSL", "--cacert", folder["ca.pem"], "-o", folder["curled.img"], $"{node.Url("scheduler")}images/disk.img")).ShouldSucceed();
        TestFolder.HashOf(folder["curled.img"]).ShouldBe(digest);

        string[] elsewhere = ["mirror", "list", "--server", metadata, "--data", folder["nothing"]];
        var unbelieved = await EntrepotProcess.RunAsync(elsewhere);
        unbelieved.ExitCode.ShouldNotBe(0);
        unbelieved.Error.ShouldContain("shows a certificate that is not believed");
        unbelieved.Error.ShouldContain("--ca FILE");
        (await EntrepotProcess.RunAsync([.. elsewhere, "--ca", folder["ca.pem"]])).ShouldSucceed().Output.ShouldContain("images");
        (await Command.RunAsync("env", [$"ENTREPOT_CA={folder["ca.pem"]}", EntrepotProcess.Program, .. elsewhere])).ShouldSucceed();
        (await EntrepotProcess.RunAsync([.. elsewhere, "--ca", file])).Error.ShouldContain("it holds no authority as PEM");
    }
}
