using System.Net.Http.Json;
using System.Text;
using Entrepot.Server.Api;

namespace Entrepot.SystemTests.Changes;

/// <summary>The origin is killed while it applies a change: afterwards the portfile on disk, the one in force and the change say the same.</summary>
public sealed class ChangeCrashTests
{
    /// <summary>Milliseconds between the order and the kill: before, within and after what it does.</summary>
    private static readonly int[] Delays = [0, 10, 20, 30, 34, 38, 42, 46, 50, 54, 60, 90];

    [Fact]
    public async Task A_kill_at_any_moment_leaves_a_change_undone_or_done()
    {
        using var folder = new TestFolder();
        var file = folder["portfile.yaml"];
        var before = "services: [] # 0\n";
        await File.WriteAllTextAsync(file, before);
        var settings = $"portfile: portfile.yaml\nchanges: {{require: [portfile]}}\n{EntrepotProcess.AnyPorts}";
        var ends = new List<string>();
        var node = await EntrepotProcess.StartWithAsync(settings, folder["data"], "serve", "--roles", "origin");
        try
        {
            foreach (var delay in Delays)
            {
                var after = $"services: [] # {delay + 1}\n";
                using var http = new HttpClient { DefaultRequestHeaders = { Authorization = node.Credential } };
                using var proposed = await http.PostAsJsonAsync(
                    new Uri(node.Url("admin"), "/v1/changes"), new ProposeChangeRequest("portfile", Encoding.UTF8.GetBytes(after), "because"), ApiJson.Default.ProposeChangeRequest);
                var id = (await proposed.Content.ReadFromJsonAsync(ApiJson.Default.ChangeDocument))!.Id;
                // There is nobody with a second factor here; what follows the decision is the same.
                var applying = http.PostAsJsonAsync(new Uri(node.Url("admin"), $"/v1/changes/{id}/apply"), new ApplyChangeRequest("kill"), ApiJson.Default.ApplyChangeRequest);
                await Task.Delay(delay);
                await node.KillAsync();
                try
                {
                    (await applying).Dispose();
                }
                catch (HttpRequestException)
                {
                    // It was killed first.
                }

                await node.DisposeAsync();
                node = await EntrepotProcess.StartWithAsync(settings, folder["data"], "serve", "--roles", "origin");
                var state = "";
                await Poll.UntilAsync(async () => (state = await StateAsync(node, id)) != "applying", TimeSpan.FromSeconds(60), () => node.Output);
                ends.Add(state);
                var expected = state == "applied" ? after : before;
                state.ShouldBeOneOf("applied", "proposed");
                (await File.ReadAllTextAsync(file)).ShouldBe(expected, $"after {delay} ms the change is {state}");
                (await node.CommandAsync("change", "current", "portfile")).ShouldSucceed().Output.ShouldBe(expected);
                before = expected;
            }
        }
        finally
        {
            await node.DisposeAsync();
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(' ', ends));
    }

    private static async Task<string> StateAsync(EntrepotProcess node, long id)
    {
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = node.Credential } };
        return (await http.GetFromJsonAsync(new Uri(node.Url("admin"), $"/v1/changes/{id}"), ApiJson.Default.ChangeDocument))!.State;
    }
}
