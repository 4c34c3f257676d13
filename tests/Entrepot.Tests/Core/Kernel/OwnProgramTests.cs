using Entrepot.Core.Kernel;

namespace Entrepot.Tests.Core.Kernel;

public sealed class OwnProgramTests
{
    [Theory]
    [InlineData("/opt/entrepot/entrepot", "/opt/entrepot/entrepot.dll", "/opt/entrepot/entrepot", "")]
    [InlineData("/usr/share/dotnet/dotnet", "/opt/entrepot/entrepot.dll", "/usr/share/dotnet/dotnet", "/opt/entrepot/entrepot.dll")]
    [InlineData("/opt/entrepot/entrepot", "", "/opt/entrepot/entrepot", "")]
    public void It_is_found_whether_dotnet_runs_it_or_it_runs_itself(string process, string assembly, string path, string before)
    {
        var program = OwnProgram.Find(process, assembly).ShouldNotBeNull();

        program.Path.ShouldBe(path);
        string.Join(' ', program.Before).ShouldBe(before);
        program.Name.ShouldBe("entrepot");
    }

    [Fact]
    public void Where_the_system_does_not_tell_there_is_none() => OwnProgram.Find(null, "/opt/entrepot/entrepot.dll").ShouldBeNull();
}
