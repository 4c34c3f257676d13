using Entrepot.Core.Faults;
using Entrepot.Server.Client;

namespace Entrepot.Tests.Server.Client;

public sealed class OutputNamesTests
{
    [Theory]
    [InlineData("..")]
    [InlineData("a/../../b")]
    [InlineData("./a")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("")]
    [InlineData("a/")]
    [InlineData("a\\..\\b")]
    [InlineData("a\0b")]
    public void Nothing_leaves_the_folder_on_any_platform(string path)
    {
        foreach (var windows in (bool[])[false, true])
        {
            var fault = Should.Throw<FaultException>(() => OutputNames.Place("out", path, windows)).Fault;
            fault.Is(ClientFault.OutputName).ShouldBeTrue();
            fault.Message.ShouldContain("Nothing was downloaded");
        }
    }

    [Theory]
    [InlineData("C:")]
    [InlineData("C:/Windows/x")]
    [InlineData("a/D:evil")]
    [InlineData("file.txt:stream")]
    [InlineData("CON")]
    [InlineData("a/con/b")]
    [InlineData("aux.txt")]
    [InlineData("NUL.tar.gz")]
    [InlineData("COM1")]
    [InlineData("lpt9.log")]
    [InlineData("COM¹")]
    [InlineData("conin$")]
    [InlineData("AUX .txt")]
    [InlineData("dots...")]
    [InlineData("folder./file")]
    [InlineData("space ")]
    [InlineData("what?")]
    [InlineData("a*b")]
    [InlineData("a|b")]
    [InlineData("\u0001")]
    public void What_means_something_else_to_windows_is_refused_there_and_only_there(string path)
    {
        OutputNames.WhyNot(path, windows: true).ShouldNotBeNull();
        OutputNames.WhyNot(path, windows: false).ShouldBeNull();
        Should.Throw<FaultException>(() => OutputNames.Place("out", path, windows: true)).Fault.Kind.ShouldBe(FaultKind.Unsupported);
    }

    [Theory]
    [InlineData("disk.img")]
    [InlineData(".hidden/ä ö")]
    [InlineData("...a")]
    [InlineData("console.log")]
    [InlineData("com10")]
    [InlineData("auxiliary/nulls.txt")]
    [InlineData("24.04/a.b.c")]
    public void Ordinary_names_go_below_the_folder(string path)
    {
        foreach (var windows in (bool[])[false, true])
            OutputNames.Place("out", path, windows).ShouldBe(Path.Combine(["out", .. path.Split('/')]));
        OutputNames.Place("/", path, windows: false).ShouldBe(Path.Combine(["/", .. path.Split('/')]));
        OutputNames.Place(".", path, windows: false).ShouldBe(Path.Combine([".", .. path.Split('/')]));
    }
}
