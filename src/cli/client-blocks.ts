/** What to paste into which client, ready to use. */
export function clientBlocks(from: {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly bin: string;
}): string {
  const { name, url, token, tokenFile, bin } = from;
  const bearer = `Bearer ${token}`;
  const json = (value: unknown) => indented(JSON.stringify(value, null, 2));
  // Programs with a window often have no PATH that leads to a Node.
  const stdio = { command: process.execPath, args: [bin, 'stdio', '--url', url, '--token-file', tokenFile] };
  return [
    `Claude Code\n  claude mcp add --transport http ${name} ${url} --header "Authorization: ${bearer}"\n`,
    `Claude Desktop (claude_desktop_config.json)\n${json({ mcpServers: { [name]: stdio } })}\n`,
    `Cursor (.cursor/mcp.json)\n${json({ mcpServers: { [name]: { url, headers: { Authorization: bearer } } } })}\n`,
    `VS Code (.vscode/mcp.json)\n${json({ servers: { [name]: { type: 'http', url, headers: { Authorization: bearer } } } })}\n`,
    `Codex (~/.codex/config.toml)\n  [mcp_servers.${name}]\n  url = "${url}"\n  http_headers = { "Authorization" = "${bearer}" }\n`,
    `Gemini CLI (~/.gemini/settings.json)\n${json({ mcpServers: { [name]: { httpUrl: url, headers: { Authorization: bearer } } } })}\n`,
  ].join('\n');
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}
