using System.Net.Http.Headers;
using Entrepot.Server.Hosting;

namespace Entrepot.FunctionalTests;

/// <summary>The credential that a node writes for its own machine.</summary>
internal static class OperatorToken
{
    public static string Of(string dataFolder) => File.ReadAllText(DataFolder.OperatorTokenFile(dataFolder)).Trim();

    /// <summary>Shows it with every request from now on.</summary>
    public static void Show(HttpClient http, string dataFolder) => http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Of(dataFolder));
}
