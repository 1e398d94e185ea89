import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { call } from '../api/call.ts';
import { Button } from '../parts/button.tsx';
import { Gate } from '../shell/gate.tsx';
import { useWords } from '../words/words.tsx';

/** Signed in, and a member of no account. */
export function Nowhere() {
  const words = useWords();
  const navigate = useNavigate();
  const client = useQueryClient();
  const leave = async () => {
    await call('session_delete', {}).catch(() => undefined);
    client.clear();
    await navigate({ to: '/sign-in' });
  };
  return (
    <Gate title={words.nowhere.title} lead={words.nowhere.detail}>
      <Button className="w-full" onClick={() => void leave()}>
        {words.shell.signOut}
      </Button>
    </Gate>
  );
}
