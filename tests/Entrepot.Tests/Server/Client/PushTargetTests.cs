using Entrepot.Core.Faults;
using Entrepot.Server.Client;

namespace Entrepot.Tests.Server.Client;

public sealed class PushTargetTests
{
    [Theory]
    [InlineData("m", "m", "", true)]
    [InlineData("m/", "m", "", true)]
    [InlineData("m/a", "m", "a", false)]
    [InlineData("m/a/b c", "m", "a/b c", false)]
    [InlineData("m/a/", "m", "a", true)]
    public void Targets_are_read(string text, string mirror, string path, bool isFolder)
    {
        var target = PushTarget.Parse(text);

        (target.Mirror.Value, target.Path, target.IsFolder).ShouldBe((mirror, path, isFolder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/m/a")]
    [InlineData("m//a")]
    [InlineData("m/a//")]
    [InlineData("m/../a")]
    [InlineData("m/./")]
    [InlineData("M/a")]
    [InlineData("v1/a")]
    [InlineData("http://m/a")]
    [InlineData("m/a\\b")]
    [InlineData("m/a\0")]
    public void Everything_else_is_refused(string text)
        => Should.Throw<FaultException>(() => PushTarget.Parse(text)).Fault.Kind.ShouldBe(FaultKind.Invalid);
}
